import type { LedgerRecord } from '../domain/ledger/record.js';

/**
 * What the ledger still knows of an attempt that ended without a word, in a few words for a person. It is a hint and no
 * proof: the record may be lost, or have come back from an older state.
 */
export function describeTrace(
  record: LedgerRecord | undefined,
  { run, round }: { readonly run: string; readonly round: number },
  attempt: number,
): string {
  if (record === undefined) return 'the ledger has no record of the message';
  if (record.state === 'settled') return `the ledger holds it as settled: ${record.outcome ?? 'unknown'}`;
  if (record.run !== undefined && record.run !== run) return `the ledger names another run, ${record.run}`;
  if (record.state === 'parked') return `the ledger holds it as parked in round ${record.round}`;
  const last = `attempt ${record.attempt} of round ${record.round}`;
  const moved = record.movedAt === undefined ? '' : ` at ${new Date(record.movedAt).toISOString()}`;
  const reached = record.round > round || (record.round === round && record.attempt >= attempt);
  if (!reached || record.attempt === 0) return `the ledger has no trace that attempt ${Math.max(attempt, 1)} began`;
  return record.state === 'sending'
    ? `by the ledger ${last} began${moved}: its request may have been sent`
    : `by the ledger ${last} began and was found not to be executed${moved}`;
}
