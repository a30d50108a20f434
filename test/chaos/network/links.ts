import { SIDES, type Side } from '../../../src/domain/side.js';
import type { LocalStack } from '../../../src/local/stack/state.js';
import { Link } from './link.js';

/** The ways of one side's workers to what they depend on. */
export interface SideLinks {
  /** To the side's own broker. */
  readonly broker: Link;
  readonly redis: Link;
  readonly temporal: Link;
  readonly provider: Link;
}

export class Links {
  readonly bySide: Readonly<Record<Side, SideLinks>>;

  private constructor(bySide: Readonly<Record<Side, SideLinks>>) {
    this.bySide = bySide;
  }

  static async open({ redis, temporal, kafka, rocketmq }: LocalStack, providerUrl: string): Promise<Links> {
    const open = async (broker: string): Promise<SideLinks> => ({
      broker: await Link.open(portOf(`tcp://${broker}`)),
      redis: await Link.open(portOf(redis.url)),
      temporal: await Link.open(portOf(`tcp://${temporal.address}`)),
      provider: await Link.open(portOf(providerUrl)),
    });
    return new Links({ kafka: await open(kafka.brokers[0] ?? ''), rocketmq: await open(rocketmq.endpoints) });
  }

  /** Both sides' links to one service. */
  to(service: keyof SideLinks): readonly Link[] {
    return SIDES.map((side) => this.bySide[side][service]);
  }

  get all(): readonly Link[] {
    return (['broker', 'redis', 'temporal', 'provider'] as const).flatMap((service) => this.to(service));
  }

  heal(): void {
    for (const link of this.all) link.heal();
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((link) => link.close()));
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
