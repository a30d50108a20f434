/** The two sides of a migration: `kafka` is the old broker, `rocketmq` the new one. */
export const SIDES = ['kafka', 'rocketmq'] as const;

export type Side = (typeof SIDES)[number];

export function otherSide(side: Side): Side {
  return side === 'kafka' ? 'rocketmq' : 'kafka';
}

export function isSide(value: unknown): value is Side {
  return value === 'kafka' || value === 'rocketmq';
}
