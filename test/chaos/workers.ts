import { SIDES, type Side } from '../../src/domain/side.js';
import { Child } from '../../src/local/demo/child.js';
import type { LocalStack } from '../../src/local/stack/state.js';
import { BUILT } from './built.js';
import type { SideLinks } from './network/links.js';
import type { Dispatch } from './scenario.js';

/** Loaded into a worker before everything else. */
const DETOUR = new URL('detour.mjs', import.meta.url).href;
/** And into one whose clock is to be wrong. */
const SKEWED_CLOCK = new URL('skewed-clock.mjs', import.meta.url).href;

export interface WorkersOptions {
  readonly stack: LocalStack;
  readonly links: Readonly<Record<Side, SideLinks>>;
  readonly configs: Readonly<Record<Dispatch, string>>;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Told of a worker that ends although nobody has ended it. */
  readonly onUnexpectedEnd: (error: Error) => void;
}

export interface Worker {
  readonly side: Side;
  readonly child: Child;
  readonly dispatch: Dispatch;
  /** Not: it does its side's rewards, and consumes nothing. */
  readonly consumes: boolean;
  /** `HOST:PORT` of its health server. */
  http: string;
  paused: boolean;
}

export interface StartOptions {
  /** How far its clock is ahead, in ms. */
  readonly skewMs?: number;
  readonly consumes?: boolean;
  /** Loaded into it before everything else, beside the harness's own. */
  readonly modules?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The worker processes of a run: real ones, which reach all that they depend on through their side's links. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #workers = new Set<Worker>();
  #started = 0;
  /** Of those that are started from now on. */
  dispatch: Dispatch = 'activity';

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  of(side: Side): readonly Worker[] {
    return [...this.#workers].filter((worker) => worker.side === side);
  }

  /** The one worker of a side, where there is just one. */
  only(side: Side): Worker {
    const [worker, ...others] = this.of(side);
    if (worker === undefined || others.length > 0) throw new Error(`${side} has ${others.length + 1} workers, or none`);
    return worker;
  }

  /** Resolves once it is ready. */
  async start(side: Side, options: StartOptions = {}): Promise<Worker> {
    const { skewMs = 0, consumes = true, modules = [], environment = {} } = options;
    const { folder, stack, configs, signal, onUnexpectedEnd } = this.#options;
    const { dispatch } = this;
    signal.throwIfAborted();
    this.#started += 1;
    const child = Child.start({
      name: `${side}-${this.#started}`,
      args: [
        ...['worker', '--side', side, '--config', configs[dispatch], '--http', '127.0.0.1:0', '--json'],
        ...(consumes ? [] : ['--no-intake']),
      ],
      commandLine: BUILT,
      environment: { ...this.#environment(side, skewMs, modules), ...environment },
      instance: stack.instance,
      folder,
      onUnexpectedEnd: (error) => {
        this.#workers.delete(worker);
        onUnexpectedEnd(error);
      },
    });
    const worker: Worker = { side, child, dispatch, consumes, http: '', paused: false };
    this.#workers.add(worker);
    const { http } = await child.ready(signal);
    worker.http = String(http);
    return worker;
  }

  /** SIGKILL. */
  async kill(worker: Worker): Promise<void> {
    this.#workers.delete(worker);
    await worker.child.kill();
  }

  /** SIGTERM; how long it took to end, in ms. */
  async stop(worker: Worker): Promise<number> {
    this.resume(worker);
    const since = performance.now();
    await worker.child.stop();
    this.#workers.delete(worker);
    return performance.now() - since;
  }

  pause(worker: Worker): void {
    worker.paused = true;
    process.kill(worker.child.identity.pid, 'SIGSTOP');
  }

  resume(worker: Worker): void {
    if (!worker.paused) return;
    worker.paused = false;
    process.kill(worker.child.identity.pid, 'SIGCONT');
  }

  /** One worker for each side, which consumes and makes attempts as is wanted now, and none of them paused. */
  async makeWhole(): Promise<void> {
    for (const worker of this.#workers) this.resume(worker);
    await Promise.all(
      SIDES.map(async (side) => {
        const fits = ({ consumes, dispatch }: Worker): boolean => consumes && dispatch === this.dispatch;
        const kept = this.of(side).find(fits) ?? (await this.start(side));
        const others = this.of(side).filter((worker) => worker !== kept);
        await Promise.all(others.map((worker) => this.stop(worker)));
      }),
    );
  }

  /** Whether none of them holds or lacks anything, by its own word. */
  async areReady(): Promise<boolean> {
    const answers = [...this.#workers].map(async ({ http }) => (await fetch(`http://${http}/readyz`)).ok);
    // One that has just ended cannot be asked.
    return Promise.all(answers).then(
      (ready) => !ready.includes(false),
      () => false,
    );
  }

  /** The sum of a metric over all of them and over all its labels but this one, as `name="value"`. */
  async metric(name: string, label: string): Promise<number> {
    const pages = [...this.#workers].map(async ({ http }) => (await fetch(`http://${http}/metrics`)).text());
    const lines = (await Promise.all(pages)).flatMap((page) => page.split('\n'));
    return lines
      .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => this.stop(worker)));
  }

  #environment(side: Side, skewMs: number, modules: readonly string[]): Record<string, string> {
    const { stack, links } = this.#options;
    const { redis, temporal, provider, broker } = links[side];
    const loaded = [DETOUR, ...(skewMs === 0 ? [] : [SKEWED_CLOCK]), ...modules].map((module) => `--import ${module}`);
    return {
      TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`,
      TEMPORAL_NAMESPACE: stack.temporal.namespace,
      KAFKA_BROKERS: stack.kafka.brokers.join(','),
      ROCKETMQ_ENDPOINTS: stack.rocketmq.endpoints,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      REWARD_URL: `http://127.0.0.1:${provider.port}/rewards`,
      NODE_OPTIONS: [process.env['NODE_OPTIONS'], ...loaded].filter(Boolean).join(' '),
      CHAOS_DETOUR: `${broker.servicePort}:${broker.port}`,
      CHAOS_CLOCK_SKEW_MS: String(skewMs),
    };
  }
}
