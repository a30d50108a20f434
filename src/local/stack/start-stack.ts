import { readdir, rm, rmdir } from 'node:fs/promises';
import { HandoverError } from '../../domain/errors.js';
import { dockerAnswers, dockerIsUp, startDocker, stopDocker } from './docker-stack.js';
import { checkInstance, DEFAULT_INSTANCE, instanceFolder } from './folders.js';
import { withLock } from './lock.js';
import { aliveServices, startNative } from './native-stack.js';
import { checkPortsFree, claimBlock, releaseBlock } from './port-claims.js';
import { type ChosenPorts, PORT_NAMES, PORTS, type StackPorts, usualPorts } from './ports.js';
import { stopProcess } from './processes/processes.js';
import { provision } from './provision/provision.js';
import type { Resources } from './provision/resources.js';
import {
  dataFolder,
  deleteRecord,
  describeStack,
  type LocalStack,
  logsFolder,
  type Report,
  readRecord,
  SERVICES,
  type StackRecord,
  writeRecord,
} from './state.js';

export interface StartOptions {
  readonly instance: string;
  /** Keep workflows and data over a stop. Default false: Temporal in memory. */
  readonly persist?: boolean;
  /** Ports that must be these; the others are the usual ones, or of the instance's own block. */
  readonly ports?: ChosenPorts;
  /** Run the programs here even if a Docker engine answers. Default false. */
  readonly native?: boolean;
  /** Topics, groups and search attributes to make. */
  readonly resources: Resources;
  readonly report?: Report;
  /** Aborted: what was started is ended again. */
  readonly signal?: AbortSignal;
}

const INTERRUPTED = 'Interrupted; what had been started is ended again.';

/**
 * Has a local stack up, ready and with its topics, groups and search attributes: starts it, or only what of it has
 * stopped. Calls for the same instance take turns, in this process and others.
 * @throws HandoverError `port-taken`, `tool-missing`, `fetch-failed`, `stack-failed` or `interrupted`; then nothing that
 * this call has started is left running
 */
export function startStack(options: StartOptions): Promise<LocalStack> {
  const { instance, resources, report = () => undefined, signal } = options;
  checkInstance(instance);
  const onWait = (): void => report('stack', `waiting for another handover that is starting or stopping '${instance}'`);
  return withLock(instanceFolder(instance), { onWait, ...(signal === undefined ? {} : { signal }) }, async () => {
    const known = await readRunning(instance);
    if (known !== undefined) checkWanted(known, options);
    let record = known ?? (await layOut(options));
    try {
      if (known !== undefined) tellHalfDead(known, report);
      record =
        record.engine === 'docker'
          ? await startDocker(record, report, signal)
          : await startNative(record, report, signal);
      report('resources', 'making topics, groups and search attributes');
      await provision(describeStack(record), resources);
      report('resources', 'topics, groups and search attributes are there');
    } catch (error) {
      await undo(instance, known, report);
      if (signal?.aborted === true) throw new HandoverError('interrupted', INTERRUPTED, { cause: error });
      throw error;
    }
    record = { ...record, ready: true };
    writeRecord(record);
    return describeStack(record);
  });
}

/** Whether anything of the local stack of this name runs, however it came to that. */
export async function isRunning(instance: string): Promise<boolean> {
  const record = readRecord(instance);
  return record !== undefined && (await anyServiceRuns(record));
}

/** The record of a stack of which something still runs. What a machine's restart has left of one is cleared away. */
async function readRunning(instance: string): Promise<StackRecord | undefined> {
  const record = readRecord(instance);
  if (record === undefined) return undefined;
  if (await anyServiceRuns(record)) return record;
  await forget(record);
  return undefined;
}

async function anyServiceRuns(record: StackRecord): Promise<boolean> {
  return record.engine === 'docker' ? dockerIsUp(record) : aliveServices(record).length > 0;
}

/** Ends what a failed start has started: all of the stack, or what had stopped of one that was up already. */
async function undo(instance: string, known: StackRecord | undefined, report: Report): Promise<void> {
  const record = readRecord(instance);
  if (record === undefined) return;
  if (record.engine === 'native') {
    const before = Object.values(known?.processes ?? {}).map(({ pid }) => pid);
    const started = Object.values(record.processes).filter(({ pid }) => !before.includes(pid));
    // With the rest of a stack up, data stays.
    await Promise.all(started.map((one) => stopProcess(one, known === undefined ? 'at once' : 'orderly')));
  } else if (known === undefined) {
    await stopDocker(record, report);
  }
  await readRunning(instance);
}

/** Forgets a stack that does not run: what is to persist stays, and the logs of the last run. */
export async function forget({ instance, ports }: StackRecord): Promise<void> {
  await rm(dataFolder(instance, false), { recursive: true, force: true });
  await releaseBlock(instance, ports);
  deleteRecord(instance);
  await removeIfEmpty(instanceFolder(instance));
}

async function removeIfEmpty(folder: string): Promise<void> {
  if ((await readdir(folder)).length === 0) await rmdir(folder);
}

/** @throws HandoverError `stack-failed` if the stack runs in another way than is asked for */
function checkWanted(known: StackRecord, { instance, persist, ports: chosen = {} }: StartOptions): void {
  const hint = `Stop it first: handover down --instance ${instance}`;
  if (persist === true && !known.persist) {
    throw new HandoverError('stack-failed', `'${instance}' is already up, with Temporal in memory.`, { hint });
  }
  const moved = PORT_NAMES.find((name) => chosen[name] !== undefined && chosen[name] !== known.ports[name]);
  if (moved === undefined) return;
  const message = `'${instance}' is already up, with ${PORTS[moved].title} on port ${known.ports[moved]}.`;
  throw new HandoverError('stack-failed', message, { hint });
}

function tellHalfDead(known: StackRecord, report: Report): void {
  if (known.engine === 'docker') return;
  const alive = aliveServices(known);
  const stopped = SERVICES.filter((name) => !alive.includes(name));
  if (stopped.length > 0 && known.ready) report('stack', `had stopped, and is started again: ${stopped.join(', ')}`);
}

/** Chooses how and where a new stack runs, and writes it down. */
async function layOut({
  instance,
  persist = false,
  ports: chosen = {},
  native = false,
}: StartOptions): Promise<StackRecord> {
  const engine = !native && (await dockerAnswers()) ? 'docker' : 'native';
  const ports = await choosePorts(instance, chosen);
  await rm(logsFolder(instance), { recursive: true, force: true });
  const record: StackRecord = { instance, engine, persist, ports, processes: {}, ready: false };
  writeRecord(record);
  return record;
}

async function choosePorts(instance: string, chosen: ChosenPorts): Promise<StackPorts> {
  const own = instance === DEFAULT_INSTANCE ? usualPorts() : await claimBlock(instance);
  const ports = { ...own, ...chosen };
  try {
    await checkPortsFree(ports);
  } catch (error) {
    await releaseBlock(instance, own);
    throw error;
  }
  return ports;
}
