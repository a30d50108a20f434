import type { Programs } from '../components/programs.js';
import type { StackPorts } from '../ports.js';
import type { ServiceName } from '../state.js';

/** What a service needs to know of the stack that it belongs to. */
export interface ServiceSetting {
  readonly ports: StackPorts;
  readonly programs: Programs;
  readonly persist: boolean;
  /** The service's own folder for data and configuration; it exists. */
  readonly folder: string;
  /** The instance's folder for logs. */
  readonly logs: string;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** One program of a native stack. */
export interface Service {
  readonly name: ServiceName;
  /** What people call it. */
  readonly title: string;
  /** The service that must be ready before this one is started. */
  readonly after?: ServiceName;
  /** Writes what the program reads when it starts, and answers how it is started. May run again over an old folder. */
  prepare(setting: ServiceSetting): Promise<CommandLine>;
}

/**
 * Flags for a Java service on a small machine: quick to start rather than fast at its peak. On two cores the second
 * compiler and the parallel collectors cost more than they give.
 */
export function javaFlags(heap: { readonly initialMb: number; readonly maximumMb: number }): readonly string[] {
  const { initialMb, maximumMb } = heap;
  return [`-Xms${initialMb}m`, `-Xmx${maximumMb}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
}
