/** Part of the limit below which a hold ends, and by which one side may be ahead of the other when both are. */
const RELEASE_AT = 0.8;
const LEAD = 0.2;

export interface Waits {
  /** Messages that this side has delivered and that wait for the other side, which owns them. */
  readonly forOther: number;
  /** Messages that the other side has delivered and that wait for this one. */
  readonly forMe: number;
  /** How many may wait for the other side. */
  readonly limit: number;
}

/**
 * How many messages may wait for the other side before this one's intake holds. Above the limit only where as many wait
 * the other way: neither side's backlog is then in the order of the other's, and somebody has to go on.
 */
export function roomFor({ forMe, limit }: Pick<Waits, 'forMe' | 'limit'>): number {
  return Math.max(limit, forMe + Math.ceil(limit * LEAD));
}

/**
 * Whether this side's intake holds, so that a side that is far ahead does not turn its whole backlog into waiting
 * workflows. A side holds only while more wait for the other side than for itself: so never both at once, whatever was
 * before, as each would wait for what the other does not fetch.
 */
export function decideHold(waits: Waits & { readonly holding: boolean }): boolean {
  const { forOther, forMe, limit, holding } = waits;
  return forOther > forMe && forOther >= (holding ? limit * RELEASE_AT : roomFor(waits));
}
