import { SIDES } from '../../domain/side.js';
import { inOneLine } from '../../domain/text.js';
import type { ProcessView } from '../../operations/process.js';
import { isHeard, type LedgerView, type SideView, type StatusView } from '../../operations/status.js';
import { describePolicy } from './policy.js';
import { describeProcesses } from './processes.js';

export function describeStatus({
  at,
  policy,
  ledger,
  messages,
  deadLettered,
  stranded,
  unreadable,
  sides,
}: StatusView): readonly string[] {
  const { assigned, claimed, sending, parked, settled } = messages;
  return [
    ...(policy === null
      ? ['policy       unknown: Redis holds none that can be read; intake holds']
      : describePolicy(policy)),
    '',
    `messages     ${settled} settled, ${sending} sending, ${claimed} claimed, ${assigned} assigned, ${parked} parked`,
    `stranded     ${stranded}${stranded === 0 ? '' : "   (acknowledged, not settled, and no workflow has them: 'handover parked' names them)"}`,
    ...(unreadable === 0
      ? []
      : [
          `unreadable   ${unreadable}   (nobody can say what became of these messages: 'handover parked' and the log name them)`,
        ]),
    `ledger       ${describeLedger(ledger)}`,
    ...describeFailures(ledger),
    `dead letters ${deadLettered.kafka} on kafka, ${deadLettered.rocketmq} on rocketmq`,
    ...(parked === 0 ? [] : [`${parked} parked: 'handover parked' lists them, 'handover resolve' answers them`]),
    '',
    ...SIDES.flatMap((side) => [
      `${side.padEnd(12)} ${describeSide(sides[side])}`,
      ...describeProcesses(sides[side].processes, Date.parse(at)),
      ...(sides[side].alive || sides[side].processes.some((view) => isHeard(view) && view.consumes)
        ? []
        : [`  next: start a worker of it: handover worker --side ${side}`]),
    ]),
    ...SIDES.filter((side) => sides[side].skipped > 0).map(
      (side) =>
        `skipped      ${sides[side].skipped} positions of ${side} were deleted before they were read: see the runbook`,
    ),
  ];
}

function describeLedger({ phase, recovery, progress }: LedgerView): string {
  const made = progress === null ? '' : `: ${progress.done} of ${progress.total ?? 'an unknown number'} done`;
  const now = {
    intact: 'whole',
    recovering: 'is being rebuilt from Temporal, as it has lost records; intake holds until that is done',
    partial: `is partial${made}; intake goes on, and withholds what has no record and is too old for Temporal to vouch for it`,
    lost: 'has lost everything, or no worker has ever run; intake holds until a worker has had it rebuilt',
  }[phase];
  if (recovery === null) return now;
  const { settled, parked, claimed, assigned, stranded } = recovery.restored;
  const restored = `${settled} settled, ${parked} parked, ${claimed} claimed, ${assigned} assigned, ${stranded} stranded`;
  return `${now}; rebuilt on ${recovery.endedAt} (${recovery.why}): ${restored}`;
}

/** Messages that the last recovery could not enter anew. */
function describeFailures({ recovery }: LedgerView): readonly string[] {
  const failed = recovery?.failed ?? null;
  if (failed === null) return [];
  const more = failed.count - failed.first.length;
  return [
    `not restored ${failed.count}   (each for a fault of its own; look at its workflow in Web UI)`,
    ...failed.first.map(({ messageId, why }) => `             ${inOneLine(messageId)}: ${inOneLine(why)}`),
    ...(more > 0 ? [`             and ${more} more: see the log`] : []),
  ];
}

function describeSide({ alive, rewards, processes }: SideView): string {
  const life = describeLife(alive, processes);
  if (rewards === null) return `${life}; its waiting rewards are unknown, as Temporal does not answer`;
  if (rewards.noWorker) return `${life}; no worker: ${rewards.waiting} rewards wait and nobody picks them up`;
  if (rewards.slow)
    return `${life}; ${rewards.waiting} rewards wait, and not for moments only: its workers are full (limits.inFlight), or do not reach Temporal`;
  return `${life}; ${rewards.waiting} rewards wait`;
}

function describeLife(alive: boolean, processes: readonly ProcessView[]): string {
  const heard = processes.filter(isHeard);
  if (heard.length === 0) {
    return alive
      ? 'alive; no process tells more: it has just stopped, or is of an earlier build: ask its /readyz'
      : 'no sign of life: nothing consumes it, and nothing rewards what it owns';
  }
  const odd = processes.filter(({ state, holds }) => state !== 'ready' || holds.length > 0).length;
  const trouble = odd === 0 ? '' : `; ${odd} of ${processes.length} processes need a look`;
  return `${alive ? 'alive' : 'nothing consumes it'}${trouble}`;
}
