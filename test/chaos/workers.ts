import { Child } from '../../src/demo/child.js';
import { SIDES, type Side } from '../../src/domain/side.js';
import type { LocalStack } from '../../src/stack/state.js';
import type { SideLinks } from './links.js';

/** Loaded into a worker whose clock is to be wrong. */
const SKEWED_CLOCK = new URL('skewed-clock.mjs', import.meta.url).href;

export interface WorkersOptions {
  readonly stack: LocalStack;
  readonly links: Readonly<Record<Side, SideLinks>>;
  readonly config: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Told of a worker that ends although nobody has ended it. */
  readonly onUnexpectedEnd: (error: Error) => void;
}

export interface Worker {
  readonly side: Side;
  readonly child: Child;
  /** `HOST:PORT` of its health server. */
  http: string;
  paused: boolean;
}

/** The worker processes of a run: real ones, which reach Redis, Temporal and the provider through their side's links. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #workers = new Set<Worker>();
  #started = 0;

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

  /** Resolves once it consumes. `skewMs`: how far its clock is ahead. */
  async start(side: Side, { skewMs = 0 }: { readonly skewMs?: number } = {}): Promise<Worker> {
    const { folder, stack, config, signal, onUnexpectedEnd } = this.#options;
    signal.throwIfAborted();
    this.#started += 1;
    const child = Child.start({
      name: `${side}-${this.#started}`,
      args: ['worker', '--side', side, '--config', config, '--http', '127.0.0.1:0', '--json'],
      environment: { ...this.#environment(side), ...(skewMs !== 0 && skewed(skewMs)) },
      instance: stack.instance,
      folder,
      onUnexpectedEnd: (error) => {
        this.#workers.delete(worker);
        onUnexpectedEnd(error);
      },
    });
    const worker: Worker = { side, child, http: '', paused: false };
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

  /** One worker for each side, none of them paused. */
  async makeWhole(): Promise<void> {
    for (const worker of this.#workers) this.resume(worker);
    await Promise.all(
      SIDES.map(async (side) => {
        const [first, ...others] = this.of(side);
        if (first === undefined) await this.start(side);
        await Promise.all(others.map((worker) => this.stop(worker)));
      }),
    );
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => this.stop(worker)));
  }

  #environment(side: Side): Record<string, string> {
    const { stack, links } = this.#options;
    const { redis, temporal, provider } = links[side];
    return {
      TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`,
      TEMPORAL_NAMESPACE: stack.temporal.namespace,
      KAFKA_BROKERS: stack.kafka.brokers.join(','),
      ROCKETMQ_ENDPOINTS: stack.rocketmq.endpoints,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      REWARD_URL: `http://127.0.0.1:${provider.port}/rewards`,
    };
  }
}

function skewed(skewMs: number): Record<string, string> {
  const options = [process.env['NODE_OPTIONS'], `--import ${SKEWED_CLOCK}`].filter(Boolean).join(' ');
  return { NODE_OPTIONS: options, CHAOS_CLOCK_SKEW_MS: String(skewMs) };
}
