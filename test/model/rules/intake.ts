import { SIDES, type Side } from '../../../src/domain/side.js';
import { type Copy, type Hand, NO_RUN, type Run, type State, withState } from '../state.js';
import { callerOf, environment, isWitnessed, type Rules, type Step, system, withRun } from './step.js';

/**
 * What a side does with a delivery. A side may have one in hand, however long, and others pass it meanwhile: RocketMQ
 * gives a message out anew while an earlier receiver is still at it, and Kafka may after a rebalance.
 */
export function intakeSteps(rules: Rules, s: State): Step[] {
  const steps: Step[] = [];
  for (const side of SIDES) {
    const { hand, hangs } = s.copies[side];
    // The sides are alike in these rules (the switch decides only when a side may adopt, and that is left open), so
    // whichever side sees the message first may be called kafka.
    if (side === 'rocketmq' && s.copies.kafka.at === 'new') continue;
    const arrivals = route(rules, s, side);
    if (hand === '') {
      steps.push(...arrivals);
      continue;
    }
    const ways = proceed(rules, s, side, hand);
    steps.push(...(hangs ? ways.map((step) => ({ ...step, kind: 'environment' as const })) : ways));
    for (const arrival of arrivals) {
      // One that passes the one in hand goes all its way at once, and is acknowledged.
      const passing = arrival.next.copies[side].hand;
      if (passing === '' || passing === hand) continue;
      for (const { next } of proceed(rules, arrival.next, side, passing)) {
        const copy: Copy = { at: 'acked', hand, hangs };
        const indexed = withState(next, { indexed: true, copies: { ...next.copies, [side]: copy } });
        steps.push(environment(`${arrival.label}, accepted while another is in hand`, indexed));
      }
    }
  }
  return steps;
}

/**
 * Deliveries in hand of a message that a workflow holds, or that is settled. All that is left to them is to be told to
 * that workflow and acknowledged, which changes nothing for anybody else, so they come first and alone. One that does not
 * come first hangs, and that is a fault like the others that let something go on late.
 */
export function deliveriesInPassing(rules: Rules, s: State): Step[] {
  if (s.row.state === 'none' || s.row.state === 'assigned') return [];
  for (const side of SIDES) {
    const { hand, hangs } = s.copies[side];
    if (hand !== '' && !hangs) return proceed(rules, s, side, hand);
  }
  return [];
}

function proceed(rules: Rules, s: State, side: Side, hand: Hand): Step[] {
  switch (hand) {
    case '':
      return [];
    case 'for kafka':
    case 'for rocketmq':
      return start(rules, s, side, hand === 'for kafka' ? 'kafka' : 'rocketmq');
    case 'index':
      // intake.ts, #start: the age index and the acknowledgement.
      return [system(`${side}: indexed and acknowledged`, withCopy(withState(s, { indexed: true }), side, 'acked'))];
  }
}

/** intake.ts #act and route.lua: the policy is a free choice wherever nobody has decided. */
function route(rules: Rules, s: State, side: Side): Step[] {
  const { design, ledger } = rules;
  const { row } = s;
  const { at } = s.copies[side];
  const arrives = at === 'new' ? `${side}: delivered` : `${side}: delivered again`;
  const acknowledged = (next: State): State => withCopy(next, side, 'acked', s.copies[side]);
  const routed = (before: State, owner: Side): State => {
    const next = withState(before, { indexed: before.indexed || design.indexesAtRoute });
    const then = at === 'acked' || !design.startsBeforeAck ? 'acked' : 'unacked';
    return withCopy(next, side, then, { hand: `for ${owner}`, hangs: false });
  };
  if (!design.decidesOnce) return SIDES.map((owner) => evaluateAlone(rules, s, side, owner));
  switch (row.state) {
    case 'none':
      return SIDES.map((owner) =>
        environment(
          `${arrives}, first sight, owner ${owner}`,
          routed(withState(s, { row: ledger.route(row, owner) }), owner),
        ),
      );
    case 'assigned':
      // It has a delivery again, and is no longer stranded.
      return [
        environment(
          `${arrives}, owner ${row.owner}`,
          routed(row.stranded ? withState(s, { row: { ...row, stranded: false } }) : s, row.owner),
        ),
      ];
    case 'settled':
      return [environment(`${arrives}, acknowledged: settled`, acknowledged(s))];
    default: {
      const done = environment(`${arrives}, acknowledged: ${row.state}`, acknowledged(s));
      if (s.run.status === 'open') return [done];
      // Once the record has not moved for long.
      return [done, environment(`${arrives}, checked in Temporal, acknowledged`, acknowledged(check(rules, s)))];
    }
  }
}

/** The naive design: whether it is mine is for me to say; what is not mine, the other side will do. */
function evaluateAlone({ ledger }: Rules, s: State, side: Side, owner: Side): Step {
  if (owner !== side) return environment(`${side}: delivered, not mine, acknowledged`, withCopy(s, side, 'acked'));
  const row = s.row.state === 'none' ? ledger.route(s.row, side) : s.row;
  return environment(
    `${side}: delivered, mine`,
    withCopy(withState(s, { row }), side, 'unacked', { hand: `for ${side}`, hangs: false }),
  );
}

/** starter.ts #start and #deliver; linger.ts for the delivery of a side that does not own the message. */
function start(rules: Rules, s: State, side: Side, owner: Side): Step[] {
  const { design } = rules;
  const { row, run } = s;
  const started = (label: string, next: State): Step =>
    design.indexesBeforeStart
      ? system(
          `${side}: ${label}, acknowledged`,
          withCopy(withState(next, { indexed: run.status !== 'completed' }), side, 'acked'),
        )
      : system(
          `${side}: ${label}`,
          withCopy(next, side, s.copies[side].at, { hand: 'index', hangs: s.copies[side].hangs }),
        );
  const steps: Step[] = [];
  if (owner !== side && row.state !== 'assigned' && row.state !== 'none') {
    steps.push(system(`${side}: lingered, acknowledged: ${row.state}`, withCopy(s, side, 'acked')));
  }
  switch (run.status) {
    case 'none':
      steps.push(started('starts the workflow', firstRun(rules, s, side, owner)));
      break;
    case 'open': {
      const delivered = { ...run.delivered, [side]: true };
      steps.push(started('signals the workflow', withRun(s, { delivered })));
      break;
    }
    case 'completed':
    case 'closed':
      if (design.closedIdStaysClosed) {
        steps.push(started(`finds the workflow ${run.status}`, check(rules, s, run.token)));
      } else {
        steps.push(started('starts the workflow again', withState(s, { run: newRun(s, side, owner) })));
      }
      break;
  }
  return steps;
}

/** Whoever reads in the run's input that it has a witness takes it for one that has attempted. */
function firstRun(rules: Rules, s: State, side: Side, owner: Side): State {
  const next = withState(s, { run: newRun(s, side, owner) });
  const attempted = isWitnessed(rules, next) && rules.design.witnessedCountsAsAttempted;
  return attempted ? withState(next, { attempted }) : next;
}

export function newRun(s: State, side: Side, origin: Side): Run {
  const delivered = { kafka: side === 'kafka', rocketmq: side === 'rocketmq' };
  const id = s.run.id + 1;
  return { ...NO_RUN, status: 'open', id, token: id, origin, startedBy: side, delivered };
}

/** starter.ts #check, #restoreSettled and #strand: what the workflow has come to is told to the ledger. */
export function check({ ledger }: Rules, s: State, speaksOf = s.row.run): State {
  const { run, row } = s;
  if (run.status === 'completed' && run.outcome !== undefined) {
    const settled = ledger.settle(row, callerOf(run, run.owner, true), run.outcome);
    return withState(s, { row: settled.row, indexed: false });
  }
  return run.status === 'closed' ? withState(s, { row: ledger.strand(row, speaksOf) }) : s;
}

/** A consumer hangs with a delivery in hand, or is killed. */
export function hang(s: State, side: Side): State {
  const { at, hand } = s.copies[side];
  return withCopy(s, side, at, { hand, hangs: true });
}

/** The group's position passes a delivery in hand, which goes on much later, or never as its consumer is dead. */
export function runAhead(s: State, side: Side): State {
  return withCopy(s, side, 'acked', { hand: s.copies[side].hand, hangs: true });
}

/**
 * workers/safety-net/lost-copies.ts: what a side has acknowledged, nobody has claimed and no workflow has is read again by its place
 * and passes intake, beside a delivery that may still be in hand. Or it is shown, where the broker has it no more.
 */
export function takeAgain(rules: Rules, s: State, side: Side): Step[] {
  const { row, run } = s;
  const { at, hand, hangs } = s.copies[side];
  // A workflow that waits may wait for this very copy.
  const isAwaited = run.status === 'open' && run.phase === 'seek' && row.owner === side && !run.delivered[side];
  const isNobodys = run.status === 'none' || isAwaited;
  const isLost = at === 'acked' && row.state === 'assigned' && !row.stranded && isNobodys;
  if (!rules.design.takesAgainWhatIsLost || !s.indexed || !isLost || (hand !== '' && !hangs)) return [];
  const shown = system(`${side}: its lost copy is gone, shown`, withState(s, { row: { ...row, stranded: true } }));
  const again: InHand = { hand: `for ${row.owner}`, hangs: false };
  if (hand === '') return [shown, system(`${side}: its lost copy is read again`, withCopy(s, side, 'acked', again))];
  const passing = proceed(rules, withCopy(s, side, 'acked', again), side, again.hand);
  return [
    shown,
    ...passing.map(({ label, next }) =>
      system(`${label}, as its lost copy is read again`, withCopy(next, side, 'acked', { hand, hangs })),
    ),
  ];
}

type InHand = Pick<Copy, 'hand' | 'hangs'>;

const NOTHING: InHand = { hand: '', hangs: false };

function withCopy(s: State, side: Side, at: Copy['at'], inHand: InHand = NOTHING): State {
  const copy: Copy = { at, hand: inHand.hand, hangs: inHand.hangs };
  return withState(s, { copies: side === 'kafka' ? { ...s.copies, kafka: copy } : { ...s.copies, rocketmq: copy } });
}
