/** Runs what it is given, one after the other in the order of the calls, whether or not an earlier one failed. */
export type TakeTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function createTurns(): TakeTurn {
  let last: Promise<unknown> = Promise.resolve();
  return function takeTurn(work) {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
}
