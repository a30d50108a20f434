import { createHash } from 'node:crypto';

/**
 * What the simulated provider can be told to do, in the order in which it is drawn: the first that hits a call happens.
 *
 * - `refuse`: 422, no effect; the same for every attempt at a message
 * - `429`, `503`: turned away with Retry-After 1, no effect
 * - `500`: no effect, but nothing says so
 * - `reset`: the connection is reset before anything happens
 * - `grant-then-hang`: granted, and no answer ever comes
 * - `grant-then-reset`: granted, and the connection is reset
 * - `grant-then-502`: granted, and a proxy's 502 answers
 * - `grant-then-truncate`: granted, and the answer's body breaks off
 * - `hang-then-grant`: no answer; the effect comes after the caller has given up, within `settlesWithinMs`
 * - `slow`: granted, and the answer comes after `slowMs`
 */
export const FAULTS = [
  'refuse',
  '429',
  '503',
  '500',
  'reset',
  'grant-then-hang',
  'grant-then-reset',
  'grant-then-502',
  'grant-then-truncate',
  'hang-then-grant',
  'slow',
] as const;

export type Fault = (typeof FAULTS)[number];

/** Probability of each fault, 0..1; what is not named does not happen. */
export type FaultRates = Readonly<Partial<Record<Fault, number>>>;

function isFault(name: string): name is Fault {
  return FAULTS.some((fault) => fault === name);
}

/** Reads fault rates from outside, or says in one sentence what is wrong with them. */
export function readFaultRates(value: unknown): FaultRates | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'fault rates must be an object';
  for (const [name, rate] of Object.entries(value)) {
    if (!isFault(name)) return `there is no fault ${JSON.stringify(name)}; there are ${FAULTS.join(', ')}`;
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1))
      return `the rate of ${name} must be a number from 0 to 1`;
  }
  return value;
}

/** The fault that hits this attempt at this message, if any. A function of its arguments alone, so that runs repeat. */
export function drawFault(rates: FaultRates, seed: string, messageId: string, attempt: number): Fault | undefined {
  return FAULTS.find((fault) => {
    const rate = rates[fault] ?? 0;
    // A business no stays a no, however often it is asked for.
    return rate > 0 && fractionOf(seed, messageId, fault === 'refuse' ? 0 : attempt, fault) < rate;
  });
}

/** Spreads the arguments evenly over 0 (included) .. 1 (excluded). */
export function fractionOf(seed: string, messageId: string, attempt: number, purpose: string): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([seed, messageId, attempt, purpose]))
    .digest();
  return hash.readUInt32BE(0) / 2 ** 32;
}
