/** What one consumer process has in its hands, as it tells the other processes of its side. Times in ms. */
export interface Holding {
  /**
   * All that it may hold came for the first time, and after this: 0 where something came again, so that nobody knows how old
   * it is. Absent: it holds nothing, and nothing is on its way to it.
   */
  readonly since?: number;
  /** When it last gave something back to the broker, or may have lost it. */
  readonly gaveBackAt?: number;
}

/** What another process has told, and when. */
export interface OthersHolding extends Holding {
  readonly at: number;
}

/**
 * Whether nothing that had been handed out at that time is in the process's hands any more, or went back from them since.
 * Only what it has said after that time counts.
 */
export function holdsNothingOf({ at, since, gaveBackAt }: OthersHolding, time: number): boolean {
  return at > time && (since === undefined || since > time) && (gaveBackAt === undefined || gaveBackAt < time);
}

/** The same by another clock, which is so many ms ahead of the one by which it was told. */
export function shifted<T extends Holding & { readonly at?: number }>(holding: T, aheadMs: number): T {
  const { at, since, gaveBackAt } = holding;
  return {
    ...holding,
    ...(at !== undefined && { at: at + aheadMs }),
    ...(since !== undefined && { since: since + aheadMs }),
    ...(gaveBackAt !== undefined && { gaveBackAt: gaveBackAt + aheadMs }),
  };
}

/** Whether that is what a process tells, whatever else a later build may add. */
export function isToldHolding(told: unknown): told is OthersHolding {
  if (typeof told !== 'object' || told === null) return false;
  const { at, since = 0, gaveBackAt = 0 } = told as Partial<OthersHolding>;
  return [at, since, gaveBackAt].every((time) => Number.isFinite(time));
}
