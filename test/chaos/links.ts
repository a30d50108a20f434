import { SIDES, type Side } from '../../src/domain/side.js';
import type { LocalStack } from '../../src/stack/state.js';
import { Link } from './link.js';

/** The ways of one side's workers to what they depend on. Brokers tell clients their own addresses, so they have none. */
export interface SideLinks {
  readonly redis: Link;
  readonly temporal: Link;
  readonly provider: Link;
}

export class Links {
  readonly bySide: Readonly<Record<Side, SideLinks>>;

  private constructor(bySide: Readonly<Record<Side, SideLinks>>) {
    this.bySide = bySide;
  }

  static async open({ redis, temporal }: LocalStack, providerUrl: string): Promise<Links> {
    const open = async (): Promise<SideLinks> => ({
      redis: await Link.open(Number(new URL(redis.url).port)),
      temporal: await Link.open(Number(new URL(`http://${temporal.address}`).port)),
      provider: await Link.open(Number(new URL(providerUrl).port)),
    });
    return new Links({ kafka: await open(), rocketmq: await open() });
  }

  /** Both sides' links to one service. */
  to(service: keyof SideLinks): readonly Link[] {
    return SIDES.map((side) => this.bySide[side][service]);
  }

  get all(): readonly Link[] {
    return [...this.to('redis'), ...this.to('temporal'), ...this.to('provider')];
  }

  heal(): void {
    for (const link of this.all) link.heal();
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((link) => link.close()));
  }
}
