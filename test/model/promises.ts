import { SIDES } from '../../src/domain/side.js';
import type { Rules, Step } from './rules/step.js';
import { canBeReopened } from './rules/workflow.js';
import type { State } from './state.js';

/** A promise that is broken, and how. */
export interface Broken {
  /** `P1 by lookups`: what lookups may do at most, whatever they say. */
  readonly promise: 'P1' | 'P1 by lookups' | 'P2' | 'P4';
  readonly how: string;
}

const HELD = ['claimed', 'sending', 'parked'];

/** What no single step may do. */
export function brokenBy(before: State, { kind, next }: Step): Broken | undefined {
  // P1: the reward took effect twice. Nobody forces a resend in this model, and an abandoned message counts like any other.
  if (next.effects > 1) return { promise: 'P1', how: 'the reward took effect twice' };
  if (next.resent > 1) return { promise: 'P1 by lookups', how: 'sent again by lookups, twice' };
  // P4: what was claimed changes hands, although the same run still holds it.
  const isHeldOn = HELD.includes(before.row.state) && HELD.includes(next.row.state) && before.row.run === next.row.run;
  const isDecidedAnew = before.row.state === 'assigned' && next.row.state === 'assigned';
  const isSetBack = kind === 'fault' || next.rolledBack !== before.rolledBack;
  if ((isHeldOn || isDecidedAnew) && before.row.owner !== next.row.owner && !isSetBack) {
    return { promise: 'P4', how: `a message that was ${before.row.state} changed hands` };
  }
  const { live, sender } = next;
  if (live?.at === 'send' && live.owner !== sender) {
    return { promise: 'P4', how: 'a side sends after the other one was allowed to send' };
  }
  // P2: an outcome that is told must be true. An effect that comes later than that is P1's concern.
  if (next.run.status === 'completed' && next.run.outcome === 'granted' && next.effects === 0) {
    return { promise: 'P2', how: 'recorded as granted, never given' };
  }
  const completes = before.run.status !== 'completed' && next.run.status === 'completed';
  if (completes && next.row.state === 'settled' && next.run.outcome !== next.row.outcome) {
    return { promise: 'P2', how: 'completed otherwise than the ledger holds it' };
  }
  return undefined;
}

/**
 * P2, judged where the system does nothing by itself any more, whatever else may or may not still happen: the message is
 * with a broker, settled, parked with a way out, waiting for the owner's copy, or stranded and shown.
 */
export function brokenWhenQuiet(rules: Rules, s: State): Broken | undefined {
  const how = lostOrStuck(rules, s);
  return how === undefined ? undefined : { promise: 'P2', how };
}

function lostOrStuck(rules: Rules, s: State): string | undefined {
  const { run, row, copies } = s;
  // A copy that was never delivered may as well not exist: half of a double write.
  if (SIDES.some((side) => copies[side].at === 'unacked')) return undefined;
  if (SIDES.every((side) => copies[side].at === 'new')) return undefined;
  switch (run.status) {
    case 'none':
      return row.state === 'settled' || row.stranded ? undefined : 'acknowledged, and no workflow has it';
    case 'closed':
      if (row.state === 'settled' || row.stranded) return undefined;
      return row.state === 'none' ? 'stranded, and the ledger knows nothing of it' : 'stranded, and in no index';
    case 'completed':
      if (run.outcome === undefined) return 'completed without an outcome';
      return undefined;
    case 'open':
      break;
  }
  if (row.state === 'settled') return 'settled, and its workflow waits for ever';
  if (run.phase === 'seek') {
    const owner = row.state === 'assigned' ? row.owner : run.origin;
    // After a loss the other side, which has delivered, adopts it as soon as the policy lets it.
    const isInVain = copies[owner].at === 'acked' && !row.stranded && !s.lost && !s.rolledBack;
    return isInVain ? 'waits for a delivery that was acknowledged' : undefined;
  }
  if (run.phase !== 'parked') return `stuck in ${run.phase}`;
  if (row.state !== 'parked') return 'parked, and not listed as parked';
  return s.effects > 0 || canBeReopened(rules, s) ? undefined : 'parked, and the truth is refused';
}
