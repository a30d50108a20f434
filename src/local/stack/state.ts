import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HandoverError } from '../../domain/errors.js';
import { checkInstance, instanceFolder } from './folders.js';
import type { StackPorts } from './ports.js';
import type { ProcessIdentity } from './processes/process-identity.js';

/** Where the services of a local stack are reached. */
export interface LocalStack {
  readonly instance: string;
  /** Whether Temporal keeps its workflows in a file, and the data outlives `handover down`. */
  readonly persist: boolean;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly ui: string };
  readonly kafka: { readonly brokers: readonly string[] };
  readonly rocketmq: { readonly endpoints: string; readonly nameServer: string };
  readonly redis: { readonly url: string };
  /** The folder with the services' logs. */
  readonly logs: string;
}

/** The services that a stack is made of, in the order in which they are told of. */
export const SERVICES = ['temporal', 'kafka', 'rocketmq-name-server', 'rocketmq', 'redis'] as const;

export type ServiceName = (typeof SERVICES)[number];

/** What `up` has started: written before anything is waited for, so that `down` finds it however `up` ended. */
export interface StackRecord {
  readonly instance: string;
  readonly engine: 'native' | 'docker';
  readonly persist: boolean;
  readonly ports: StackPorts;
  /** Empty when Docker runs the services. */
  readonly processes: Readonly<Partial<Record<ServiceName, ProcessIdentity>>>;
  /** Whether every service has once answered. */
  readonly ready: boolean;
}

/**
 * The local stack of this name, if `up` has completed and `down` has not been called since. Whether it still answers is
 * not looked at.
 */
export function readStack(instance: string): LocalStack | undefined {
  const record = readRecord(instance);
  return record?.ready === true ? describeStack(record) : undefined;
}

export function describeStack({ instance, persist, ports }: StackRecord): LocalStack {
  return {
    instance,
    persist,
    temporal: {
      address: `127.0.0.1:${ports.temporal}`,
      namespace: 'default',
      ui: `http://127.0.0.1:${ports.temporalUi}`,
    },
    kafka: { brokers: [`127.0.0.1:${ports.kafka}`] },
    rocketmq: { endpoints: `127.0.0.1:${ports.proxy}`, nameServer: `127.0.0.1:${ports.nameServer}` },
    redis: { url: `redis://127.0.0.1:${ports.redis}` },
    logs: logsFolder(instance),
  };
}

export function logsFolder(instance: string): string {
  return join(instanceFolder(instance), 'logs');
}

/** Data that outlives a stop lies apart, so that a stack in memory neither sees nor wipes it. */
export function dataFolder(instance: string, persist: boolean): string {
  return join(instanceFolder(instance), persist ? 'persisted' : 'data');
}

export function readRecord(instance: string): StackRecord | undefined {
  checkInstance(instance);
  const path = recordPath(instance);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new HandoverError('stack-failed', `The record of the local stack cannot be read: ${path}.`, {
      cause: error,
      hint: 'If none of its services runs any more, delete that file.',
    });
  }
}

/**
 * Replaces the record: a reader sees the old one or the new one. Synchronous, so that nothing can come between the start
 * of a process and the writing down of its pid.
 */
export function writeRecord(record: StackRecord): void {
  const path = recordPath(record.instance);
  mkdirSync(instanceFolder(record.instance), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}

export function deleteRecord(instance: string): void {
  rmSync(recordPath(instance), { force: true });
}

function recordPath(instance: string): string {
  return join(instanceFolder(instance), 'stack.json');
}

/** What a line of progress is about; a later line about the same thing takes the earlier one's place. */
export type Subject = ServiceName | 'resources' | 'stack' | `fetch ${string}`;

/** Is told how work on a stack is getting on, in lines for people. */
export type Report = (subject: Subject, line: string) => void;
