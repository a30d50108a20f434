import { type IsOpenRun, takeStep } from '../activities/runs.js';
import type { Restored } from '../domain/ledger/ledger-health.js';
import type { LedgerRecord } from '../domain/ledger/record.js';
import type { Decision } from '../domain/policy/policy.js';
import type { MessageInput } from '../domain/run.js';
import type { Side } from '../domain/side.js';
import type { Ledger } from '../ledger/ledger.js';
import { Unreadable } from '../ledger/ledger-error.js';
import type { RunState } from '../workflows/message/contract.js';

type Entered = keyof Restored | undefined;

/**
 * Enters the record of an open run as that says it stands, by the same steps and with the same proof as the run itself
 * would take. It may have moved on since it was asked: the steps never take a record back, and write no other run's.
 * Answers the state that was entered, undefined where nothing was changed.
 */
export async function enterRunState(
  runState: RunState,
  record: LedgerRecord | undefined,
  ledger: Ledger,
  isOpenRun: IsOpenRun,
): Promise<Entered> {
  const { identity } = runState;
  const { messageId, origin } = identity;
  switch (runState.phase) {
    case 'waiting': {
      await enterAssigned(ledger, messageId, origin, runState.delivered);
      return record === undefined ? 'assigned' : undefined;
    }
    case 'unclear':
      // What it does next writes the record, and nobody else can: the workflow ID is taken.
      return undefined;
    case 'held': {
      const { owner, round } = runState;
      if (round > 1) {
        const request = { ...identity, owner, round: round - 1, notBefore: 0 };
        await takeStep((step) => ledger.reopen(step), request, isOpenRun);
      } else {
        const mine = await takeStep((step) => ledger.claim(step), { ...identity, side: owner }, isOpenRun);
        // It had adopted the message, or a delivery right after the loss was decided otherwise than the first one.
        const request = { ...identity, side: owner, reason: 'restored by the open run' };
        if (mine.verdict === 'not-owner') await takeStep((step) => ledger.adopt(step), request, isOpenRun);
      }
      return record === undefined || record.state === 'assigned' ? 'claimed' : undefined;
    }
    case 'parked': {
      // Also over the record of an earlier run: this one is open, so that one is closed.
      await takeStep((step) => ledger.park(step), runState.as, isOpenRun, ['lost', 'other-run']);
      return record?.state === 'parked' && record.round === runState.as.round ? undefined : 'parked';
    }
  }
}

/** Enters a message as it was at its first sight, where there is no record. */
export async function enterOrigin(
  { messageId, decision, fingerprint, delivered }: MessageInput,
  record: LedgerRecord | undefined,
  ledger: Pick<Ledger, 'route'>,
): Promise<Entered> {
  if (record !== undefined) return undefined;
  const sides = delivered.map(({ side }) => side);
  await enterAssigned(ledger, messageId, { decision, fingerprint }, sides);
  return 'assigned';
}

/** As intake did, with the decision that was made then: it is never made again. */
async function enterAssigned(
  ledger: Pick<Ledger, 'route'>,
  messageId: string,
  { decision, fingerprint }: { readonly decision: Decision; readonly fingerprint: string },
  sides: readonly Side[],
): Promise<void> {
  for (const side of sides) {
    const [entered] = await ledger.route([
      {
        messageId,
        side,
        fingerprint,
        decision,
        validUntil: Number.MAX_SAFE_INTEGER,
        checkAfterMs: Number.MAX_SAFE_INTEGER,
        beyondMemory: false,
        beforeStart: false,
      },
    ]);
    if (entered?.verdict === 'unreadable') throw new Unreadable('ledger-rejected', entered.why, { messageId });
  }
}
