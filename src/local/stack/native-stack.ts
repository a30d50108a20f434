import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../../async/wait-until.js';
import { HandoverError } from '../../domain/errors.js';
import { allOrNone } from './all-or-none.js';
import { findPrograms, type Programs } from './components/programs.js';
import { isAlive, type ProcessIdentity } from './processes/process-identity.js';
import { startDetached, stopProcess } from './processes/processes.js';
import { READINESS } from './readiness.js';
import { kafka } from './services/kafka.js';
import { redis } from './services/redis.js';
import { rocketmq, rocketmqNameServer } from './services/rocketmq.js';
import type { Service } from './services/service.js';
import { temporal } from './services/temporal.js';
import {
  dataFolder,
  describeStack,
  logsFolder,
  type Report,
  type ServiceName,
  type StackRecord,
  writeRecord,
} from './state.js';

/** Long enough for a cold disk and two busy cores. */
const READY_MS = 120_000;

export function aliveServices({ processes }: StackRecord): readonly ServiceName[] {
  return NATIVE_SERVICES.map(({ name }) => name).filter((name) => {
    const process = processes[name];
    return process !== undefined && isAlive(process);
  });
}

/**
 * Starts those services of a stack that do not run, and waits until all of them serve. Each process is in the written
 * record from its first moment on; if this fails, ending them is the caller's part.
 * @returns the record with every process in it
 */
export async function startNative(record: StackRecord, report: Report, signal?: AbortSignal): Promise<StackRecord> {
  const alive = aliveServices(record);
  const absent = NATIVE_SERVICES.filter(({ name }) => !alive.includes(name));
  const programs =
    absent.length === 0 ? undefined : await findPrograms({ signal, report: (line) => report(`fetch ${line}`, line) });
  const start = new Start(record, programs, report);
  const bringUp = (service: Service) => (either: AbortSignal) => start.bringUp(service, either);
  await allOrNone(Object.fromEntries(NATIVE_SERVICES.map((service) => [service.name, bringUp(service)])), signal);
  return start.record;
}

/** One run of {@link startNative}. */
class Start {
  record: StackRecord;
  readonly #programs: Programs | undefined;
  readonly #report: Report;
  readonly #ready = new Map<ServiceName, Promise<void>>();

  constructor(record: StackRecord, programs: Programs | undefined, report: Report) {
    this.record = record;
    this.#programs = programs;
    this.#report = report;
  }

  /** Services wait for each other in the order of the list, so the one before is always there already. */
  bringUp(service: Service, signal: AbortSignal): Promise<void> {
    const ready = this.#bringUp(service, signal);
    this.#ready.set(service.name, ready);
    return ready;
  }

  async #bringUp(service: Service, signal: AbortSignal): Promise<void> {
    if (service.after !== undefined) await this.#ready.get(service.after);
    const since = performance.now();
    const known = this.record.processes[service.name];
    const running = known !== undefined && isAlive(known) ? known : await this.#start(service, signal);
    await this.#waitReady(service, running, signal);
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    this.#report(service.name, running === known ? `${service.title} is up` : `${service.title} is up (${seconds} s)`);
  }

  async #start(service: Service, signal: AbortSignal): Promise<ProcessIdentity> {
    if (this.#programs === undefined) throw new HandoverError('stack-failed', `${service.title} has just stopped.`);
    const { instance, persist, ports } = this.record;
    this.#report(service.name, `${service.title} is starting`);
    const folder = join(dataFolder(instance, persist), service.name);
    const logs = logsFolder(instance);
    await Promise.all([mkdir(folder, { recursive: true }), mkdir(logs, { recursive: true })]);
    const setting = { ports, programs: this.#programs, persist, folder, logs, signal };
    const commandLine = await service.prepare(setting);
    signal.throwIfAborted();
    const identity = await startDetached(commandLine, { cwd: folder, log: this.#log(service) });
    this.record = { ...this.record, processes: { ...this.record.processes, [service.name]: identity } };
    writeRecord(this.record);
    return identity;
  }

  async #waitReady(service: Service, process: ProcessIdentity, signal: AbortSignal): Promise<void> {
    const stack = describeStack(this.record);
    const look = async (): Promise<'ready' | 'ended'> => {
      if (!isAlive(process)) return 'ended';
      await READINESS[service.name](stack, this.record.ports);
      return 'ready';
    };
    let state: 'ready' | 'ended';
    try {
      state = await waitUntil(look, { timeoutMs: READY_MS, signal });
    } catch (cause) {
      signal.throwIfAborted();
      const message = `${service.title} did not answer within ${READY_MS / 1000} s of its start.`;
      throw new HandoverError('stack-failed', message, { cause, hint: `Its log: ${this.#log(service)}` });
    }
    if (state === 'ready') return;
    const message = `${service.title} stopped while it was starting: ${await this.#lastWords(service)}`;
    throw new HandoverError('stack-failed', message, { hint: `Its log: ${this.#log(service)}` });
  }

  #log({ name }: Service): string {
    return join(logsFolder(this.record.instance), `${name}.log`);
  }

  async #lastWords(service: Service): Promise<string> {
    const lines = (await readFile(this.#log(service), 'utf8')).trim().split('\n');
    return lines.at(-1)?.slice(0, 300) || 'it printed nothing';
  }
}

/** Ends all services of a stack that still run, brokers before the name server that they sign off from. */
export async function stopNative(record: StackRecord, report: Report): Promise<readonly ServiceName[]> {
  const alive = aliveServices(record);
  const stop = async (name: ServiceName): Promise<void> => {
    const process = record.processes[name];
    if (process !== undefined) await stopProcess(process, record.persist ? 'orderly' : 'at once');
    report(name, `${titleOf(name)} has stopped`);
  };
  const last: ServiceName = 'rocketmq-name-server';
  await Promise.all(alive.filter((name) => name !== last).map(stop));
  if (alive.includes(last)) await stop(last);
  return alive;
}

function titleOf(name: ServiceName): string {
  return NATIVE_SERVICES.find((service) => service.name === name)?.title ?? name;
}

/** The programs of a native stack, in the order in which people are told of them. */
const NATIVE_SERVICES: readonly Service[] = [temporal, kafka, rocketmqNameServer, rocketmq, redis];
