import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { HandoverError } from '../../domain/errors.js';
import { SIDES, type Side } from '../../domain/side.js';
import { Child } from './child.js';

export interface FleetOptions {
  readonly instance: string;
  /** Where logs and the provider's ledger go. */
  readonly folder: string;
  readonly seed: string;
}

/** What the simulated provider does to calls: a part of all of them. */
const PROVIDER_FAULTS = { refuse: 0.01, '429': 0.03, '503': 0.02, 'grant-then-hang': 0.005 } as const;

const WORKERS_PER_SIDE = 2;

/** A worker has something in hand many times a second while messages come. */
const BUSY_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 10;

/** A worker that was killed, and how many deliveries and attempts at the reward it had in hand a moment before. */
export interface Killed {
  readonly name: string;
  readonly inHand: number;
}

interface Worker {
  child: Child;
  /** `HOST:PORT` of its health server. */
  http: string;
}

/** The provider and the workers of a run, each a process of its own. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #failed = new AbortController();
  readonly #workers = new Map<string, Worker>();
  readonly #children = new Set<Child>();
  #config = '';
  #rewardUrl = '';

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Aborted, with the error as its reason, when a process ends that nobody has ended. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** The provider's own ledger, a file of JSON lines. */
  get providerLedger(): string {
    return join(this.#options.folder, 'provider-ledger.jsonl');
  }

  get pids(): readonly number[] {
    return [...this.#children].map(({ identity }) => identity.pid);
  }

  /** Starts all, the workers with this config file. Resolves once the provider answers and all workers consume. */
  async start(config: string, signal: AbortSignal): Promise<void> {
    this.#config = config;
    const simulator = this.#launch('provider', this.#simulatorArgs());
    const { url } = await simulator.ready(signal);
    this.#rewardUrl = String(url);
    const names = SIDES.flatMap((side) => Array.from({ length: WORKERS_PER_SIDE }, (_, i) => ({ side, nth: i + 1 })));
    await Promise.all(names.map(({ side, nth }) => this.#startWorker(side, `${side}-${nth}`, signal)));
  }

  /**
   * Ends a worker of the side as a crash would, at a moment at which it has something in hand; in a stream that has run
   * dry by then it is killed idle.
   */
  async killBusy(side: Side, signal: AbortSignal): Promise<Killed> {
    const name = `${side}-1`;
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`there is no worker ${name}`);
    const inHand = await untilBusy(worker.http, signal);
    await worker.child.kill();
    this.#children.delete(worker.child);
    return { name, inHand };
  }

  /** Starts a worker that was killed again. Resolves once it consumes. */
  async restart(side: Side, name: string, signal: AbortSignal): Promise<void> {
    await this.#startWorker(side, name, signal);
  }

  /** Ends every process, workers before the provider that they may be asking. */
  async stop(): Promise<void> {
    const isWorker = (child: Child): boolean => child.name !== 'provider';
    const children = [...this.#children];
    await Promise.all(children.filter(isWorker).map((child) => child.stop()));
    await Promise.all(children.filter((child) => !isWorker(child)).map((child) => child.stop()));
    this.#children.clear();
  }

  async #startWorker(side: Side, name: string, signal: AbortSignal): Promise<void> {
    const { instance } = this.#options;
    // What is started after an interruption would be started after everything was stopped.
    signal.throwIfAborted();
    const args = [
      'worker',
      '--side',
      side,
      '--instance',
      instance,
      '--config',
      this.#config,
      '--http',
      '127.0.0.1:0',
      '--json',
    ];
    const child = this.#launch(name, args);
    const { http } = await child.ready(signal);
    this.#workers.set(name, { child, http: String(http) });
  }

  #launch(name: string, args: readonly string[]): Child {
    const { instance, folder } = this.#options;
    const child = Child.start({
      name,
      args,
      environment: { REWARD_URL: this.#rewardUrl },
      instance,
      folder,
      onUnexpectedEnd: (error: HandoverError) => this.#failed.abort(error),
    });
    this.#children.add(child);
    return child;
  }

  #simulatorArgs(): readonly string[] {
    const faults = Object.entries(PROVIDER_FAULTS).flatMap(([name, rate]) => ['--fault', `${name}=${rate}`]);
    return [
      'simulator',
      '--port',
      '0',
      '--ledger',
      this.providerLedger,
      '--seed',
      this.#options.seed,
      ...faults,
      '--json',
    ];
  }
}

/** How many deliveries and attempts at the reward a worker has in hand, as soon as it has any; 0 if it gets none. */
async function untilBusy(http: string, signal: AbortSignal): Promise<number> {
  const deadline = performance.now() + BUSY_WITHIN_MS;
  for (;;) {
    const count = await countInHand(http);
    if (count > 0 || performance.now() > deadline) return count;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** By the worker's own metrics. */
async function countInHand(http: string): Promise<number> {
  const response = await fetch(`http://${http}/metrics`);
  const text = await response.text();
  const counts = text.matchAll(/^(?:handover_in_flight|temporal_worker_task_slots_used)(\{[^}]*\})? (\d+)/gm);
  return [...counts]
    .filter(([, labels = '']) => !labels.includes('worker_type') || labels.includes('worker_type="ActivityWorker"'))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}
