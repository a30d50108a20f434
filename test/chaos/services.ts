import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HandoverError } from '../../src/domain/errors.js';
import { startNative } from '../../src/local/stack/native-stack.js';
import { isAlive, type ProcessIdentity } from '../../src/local/stack/processes/process-identity.js';
import { stopProcess } from '../../src/local/stack/processes/processes.js';
import { dataFolder, readRecord, type ServiceName, type StackRecord } from '../../src/local/stack/state.js';

/** The services of the run's own stack, which may be stopped one by one. */
export class Services {
  readonly #instance: string;
  readonly #paused = new Set<ServiceName>();

  constructor(instance: string) {
    this.#instance = instance;
  }

  /** `at once`: SIGKILL. Resolves once it is gone. */
  async stop(name: ServiceName, how: 'orderly' | 'at once'): Promise<void> {
    const identity = this.#processOf(name);
    await stopProcess(identity, how);
    if (isAlive(identity)) throw new Error(`${name} still runs`);
  }

  /** Keeps what Redis holds now; the answered function kills it, and has it start from that. */
  async keepRedis(): Promise<() => Promise<void>> {
    const folder = join(dataFolder(this.#instance, true), 'redis');
    const [files, kept] = [join(folder, 'appendonlydir'), join(folder, 'kept')];
    await rm(kept, { recursive: true, force: true });
    await cp(files, kept, { recursive: true });
    return async () => {
      await this.stop('redis', 'at once');
      await rm(files, { recursive: true });
      await cp(kept, files, { recursive: true });
    };
  }

  /** SIGSTOP: connections stay up, and nothing answers. */
  pause(name: ServiceName): void {
    process.kill(this.#processOf(name).pid, 'SIGSTOP');
    this.#paused.add(name);
  }

  resume(name: ServiceName): void {
    process.kill(this.#processOf(name).pid, 'SIGCONT');
    this.#paused.delete(name);
  }

  /** Starts what has stopped, and resolves once all of it serves. */
  async makeWhole(signal: AbortSignal): Promise<void> {
    for (const name of this.#paused) this.resume(name);
    await startNative(this.#record(), () => undefined, signal);
  }

  /** So that an orderly stop of the stack reaches them. */
  resumeAll(): void {
    for (const name of this.#paused) this.resume(name);
  }

  #processOf(name: ServiceName): ProcessIdentity {
    const identity = this.#record().processes[name];
    if (identity === undefined) throw new HandoverError('stack-failed', `${name} is not one of our processes.`);
    return identity;
  }

  #record(): StackRecord {
    const record = readRecord(this.#instance);
    if (record === undefined) throw new HandoverError('stack-not-running', `The stack '${this.#instance}' has gone.`);
    return record;
  }
}
