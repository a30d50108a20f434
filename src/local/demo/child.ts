import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../async/wait-until.js';
import { HandoverError } from '../../domain/errors.js';
import { addCompanion, removeCompanion } from '../stack/processes/companions.js';
import { identify, type ProcessIdentity } from '../stack/processes/process-identity.js';
import { stopProcess } from '../stack/processes/processes.js';

export interface ChildOptions {
  /** For people and for the names of its files. */
  readonly name: string;
  /** Command line of `handover`, without it. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The stack that it works on. */
  readonly instance: string;
  /** Where `<name>.log` (standard error, appended to) and `<name>.out` (standard output) go. */
  readonly folder: string;
  /** How `handover` is run. Default {@link ownCommandLine}. */
  readonly commandLine?: readonly [string, ...string[]];
  /** Told when it ends and nobody has asked for that. */
  readonly onUnexpectedEnd: (error: HandoverError) => void;
}

/** Node, the workflow bundle and every client, on cores that others use as well. */
const READY_MS = 90_000;
const LOOK_EVERY_MS = 50;
/** Lines of its log that are shown of a child that has failed. */
const TAIL_LINES = 15;
const TAIL_WIDTH = 300;

/** A `handover` process that works on a stack, and is known to it, so that `down` ends it whatever becomes of us. */
export class Child {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly #options: ChildOptions;
  readonly #ended: Promise<void>;
  #expected = false;
  #hasEnded = false;

  private constructor(options: ChildOptions, identity: ProcessIdentity, ended: Promise<void>) {
    this.name = options.name;
    this.identity = identity;
    this.#options = options;
    this.#ended = ended.then(() => this.#onEnd());
  }

  /**
   * Starts it, in a session of its own: Ctrl-C on this terminal does not reach it, so that it can be ended in good order,
   * and it can outlive us.
   */
  static start(options: ChildOptions): Child {
    const { name, args, environment, instance, folder, commandLine = ownCommandLine() } = options;
    const out = openSync(join(folder, `${name}.out`), 'w');
    const log = openSync(join(folder, `${name}.log`), 'a');
    try {
      const [command, ...own] = commandLine;
      const env = { ...process.env, ...environment };
      const child = spawn(command, [...own, ...args], { detached: true, stdio: ['ignore', out, log], env });
      const ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve()).once('error', () => resolve());
      });
      const identity = child.pid === undefined ? undefined : identify(child.pid);
      if (identity === undefined) throw new HandoverError('stack-failed', `${name} could not be started.`);
      addCompanion(instance, identity);
      child.unref();
      return new Child(options, identity, ended);
    } finally {
      closeSync(out);
      closeSync(log);
    }
  }

  /**
   * What it prints as its first line, which is JSON, once it is ready.
   * @throws HandoverError `stack-failed` if it ends or takes too long, with the end of its log
   */
  async ready(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const firstLine = async (): Promise<string | undefined> => {
      if (this.#hasEnded) return undefined;
      const [line, ...rest] = readFileSync(join(this.#options.folder, `${this.name}.out`), 'utf8').split('\n');
      if (line === undefined || rest.length === 0) throw new Error('its first line is not there yet');
      return line;
    };
    let line: string | undefined;
    try {
      line = await waitUntil(firstLine, { timeoutMs: READY_MS, intervalMs: LOOK_EVERY_MS, signal });
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#failure(`was not ready within ${READY_MS / 1000} s`, cause);
    }
    if (line === undefined) throw this.#failure('ended while it was starting');
    return JSON.parse(line);
  }

  /** What it has logged so far. */
  log(): string {
    return readFileSync(join(this.#options.folder, `${this.name}.log`), 'utf8');
  }

  /** Ends it at once, as a crash would, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#expected = true;
    process.kill(this.identity.pid, 'SIGKILL');
    await this.#ended;
  }

  /** Ends it in good order, or by force if that takes too long. */
  async stop(): Promise<void> {
    this.#expected = true;
    await stopProcess(this.identity, 'orderly');
    removeCompanion(this.#options.instance, this.identity);
  }

  #onEnd(): void {
    this.#hasEnded = true;
    removeCompanion(this.#options.instance, this.identity);
    if (!this.#expected) this.#options.onUnexpectedEnd(this.#failure('has ended, and nobody asked it to'));
  }

  #failure(what: string, cause?: unknown): HandoverError {
    const path = join(this.#options.folder, `${this.name}.log`);
    const lines = this.log().trimEnd().split('\n');
    const tail = lines.slice(-TAIL_LINES).map((line) => line.slice(0, TAIL_WIDTH));
    return new HandoverError('stack-failed', `${this.name} ${what}. The end of its log:\n${tail.join('\n')}`, {
      cause,
      hint: `The whole log: ${path}`,
    });
  }
}

/** How this very `handover` is run, from its build or from its sources. */
export function ownCommandLine(from = import.meta.url): readonly [string, ...string[]] {
  const main = from.endsWith('.ts') ? '../../cli/main.ts' : '../../cli/main.js';
  return [process.execPath, ...process.execArgv, fileURLToPath(new URL(main, from))];
}
