import { cpus } from 'node:os';
import type { Crew } from '../ground/crew.js';
import type { Ground } from '../ground/ground.js';
import { cpuOf, readBusy } from './proc.js';
import { difference, type Sample, sumBy, totalOf } from './prometheus.js';
import { parseRedisInfo, type RedisCounts } from './redis-info.js';

/** Processors' time by who took it, in ms. */
export type CpuMs = Readonly<Record<'worker' | 'temporal' | 'redis' | 'brokers' | 'postgres' | 'provider', number>>;

/** What a stretch of work has cost in all. */
export interface Cost {
  readonly cpuMs: CpuMs;
  /** The part of the machine, 0 to 1, that none of these took: other programs, and the benchmark itself. */
  readonly elsewhere: number;
  /** Requests of the workers to Temporal by kind, as Temporal's core counts them; the long polls are apart. */
  readonly requests: Readonly<Record<string, number>>;
  readonly polls: Readonly<Record<string, number>>;
  readonly redisCalls: Readonly<Record<string, number>>;
  readonly redisBytesIn: number;
  readonly redisBytesOut: number;
  /** Deliveries by what became of them, where the contender tells that. */
  readonly accepted: Readonly<Record<string, number>>;
}

/** Measures what a stretch of work costs. */
export class Meter {
  readonly #ground: Ground;
  readonly #crew: Crew;
  readonly #samples: readonly Sample[];
  #cpu: CpuMs;
  #redis: RedisCounts;
  #busy = readBusy();
  #since = performance.now();

  private constructor(ground: Ground, crew: Crew, samples: readonly Sample[], cpu: CpuMs, redis: RedisCounts) {
    this.#ground = ground;
    this.#crew = crew;
    this.#samples = samples;
    this.#cpu = cpu;
    this.#redis = redis;
  }

  /** Begins. What the workers count themselves is read now only, as a halted one answers nothing. */
  static async begin(ground: Ground, crew: Crew): Promise<Meter> {
    const samples = await crew.scrape();
    return new Meter(ground, crew, samples, readCpu(ground, crew), await readRedis(ground));
  }

  /** Leaves out what the servers have done since the beginning, while the crew was halted. */
  async leaveOut(): Promise<void> {
    this.#cpu = readCpu(this.#ground, this.#crew);
    this.#redis = await readRedis(this.#ground);
    this.#busy = readBusy();
    this.#since = performance.now();
  }

  async end(): Promise<Cost> {
    const [cpu, redis] = [readCpu(this.#ground, this.#crew), await readRedis(this.#ground)];
    const [worked, passed] = [readBusy() - this.#busy, performance.now() - this.#since];
    const samples = await this.#crew.scrape();
    const counted = (name: string, label: string): Record<string, number> =>
      difference(sumBy(samples, name, label), sumBy(this.#samples, name, label));
    const cpuMs = Object.fromEntries(
      Object.entries(cpu).map(([who, ms]) => [who, ms - this.#cpu[who as keyof CpuMs]]),
    ) as CpuMs;
    return {
      cpuMs,
      elsewhere: Math.max(0, worked - totalOf(cpuMs)) / (passed * cpus().length),
      requests: counted('temporal_request_total', 'operation'),
      polls: counted('temporal_long_request_total', 'operation'),
      redisCalls: difference(redis.calls, this.#redis.calls),
      redisBytesIn: redis.bytesIn - this.#redis.bytesIn,
      redisBytesOut: redis.bytesOut - this.#redis.bytesOut,
      accepted: counted('handover_accepted_total', 'how'),
    };
  }
}

function readCpu({ services }: Ground, crew: Crew): CpuMs {
  return cpuOf({ worker: crew.pids, ...services });
}

async function readRedis({ redis }: Ground): Promise<RedisCounts> {
  return parseRedisInfo(await redis.info('everything'));
}
