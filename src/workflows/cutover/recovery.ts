import { CancellationScope, log, patched, proxyActivities, sleep, uuid4 } from '@temporalio/workflow';
import { CLOCKS_DIFFER_MS } from '../../domain/ledger/close-windows.js';
import { isNews, type LedgerHealth, type LossReport, missingSince } from '../../domain/ledger/ledger-health.js';
import type { OpenResult, RecoveryActivities } from '../../recovery/contract.js';

/** How long after a recovery Temporal is asked once more what there is: visibility may lag by that much under load. */
const LOOK_AGAIN_AFTER_MS = 30_000;

/** Runs of before entered what is open and what has closed in one go, and had everybody hold until both were done. */
const IN_PARTS = 'recovery: what is open first';

/** Tried for ever, as intake holds until it is done; by another process soon after the one that had it has died. */
const { recoverLedger, recoverOpen, recoverClosed, lookAgain } = proxyActivities<RecoveryActivities>({
  startToCloseTimeout: '12 h',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
});

export interface LedgerRecovery {
  /** Undefined before the first report: the migration has no epoch yet. */
  state(): LedgerHealth | undefined;
  /**
   * Has the ledger rebuilt, unless that has been done or is under way: of all reports of one loss, the first counts. A loss
   * while only what has closed is still missing begins anew, and goes back as far as what was not done.
   */
  report(report: LossReport): Promise<void>;
}

/** The recoveries of one migration's ledger, one at a time. `republish` puts the policy where consumers read it. */
export function createRecovery(carried: LedgerHealth | undefined, republish: () => Promise<unknown>): LedgerRecovery {
  let ledger = carried;
  let closing: CancellationScope | undefined;

  async function recoverAtOnce(epoch: string, loss: LossReport, remembersSince: number, first: boolean): Promise<void> {
    const { why, since = null } = loss;
    const result = await recoverLedger({ epoch, why, since, remembersSince, first });
    ledger = { epoch, phase: 'intact', remembersSince: result.remembersSince };
    if (first) return;
    await republish();
    await sleep(LOOK_AGAIN_AFTER_MS);
    await lookAgain({ since: result.recovery.since, thorough: true });
  }

  /** Another loss may come in at any moment once intake goes on: then the ledger has another epoch, and this one is over. */
  async function recoverInParts(
    epoch: string,
    why: string,
    since: number | null,
    remembersSince: number,
  ): Promise<void> {
    ledger = { epoch, phase: 'recovering', remembersSince, unfinished: { since } };
    closing?.cancel();
    const opened = await recoverOpen({ epoch, why, since, remembersSince });
    ledger = { epoch, phase: 'partial', remembersSince, unfinished: { since: opened.since } };
    await republish();
    if (!isPresent(epoch)) return;
    const ended = await recoverRest({ epoch, why, remembersSince }, opened);
    if (ended === undefined || !isPresent(epoch)) return;
    ledger = { epoch, phase: 'intact', remembersSince: ended };
    await sleep(LOOK_AGAIN_AFTER_MS);
    if (!isPresent(epoch)) return;
    await lookAgain({ since: opened.openedAt, until: opened.openedAt + CLOCKS_DIFFER_MS, thorough: true });
  }

  const isPresent = (epoch: string): boolean => ledger?.epoch === epoch;

  /** How far back the ledger reaches then; undefined: another loss has cut it short. */
  async function recoverRest(
    { epoch, why, remembersSince }: { readonly epoch: string; readonly why: string; readonly remembersSince: number },
    opened: OpenResult,
  ): Promise<number | undefined> {
    const scope = new CancellationScope();
    closing = scope;
    try {
      return (await scope.run(() => recoverClosed({ epoch, why, remembersSince, ...opened }))).remembersSince;
    } catch (error) {
      if (!isPresent(epoch)) return undefined;
      throw error;
    } finally {
      if (closing === scope) closing = undefined;
    }
  }

  return {
    state: () => ledger,

    async report(loss) {
      if (!isNews(ledger, loss)) return;
      const first = ledger === undefined;
      const { remembersSince, unfinished } = ledger ?? { remembersSince: 0 };
      const epoch = uuid4();
      // In the same breath as the question, so that a second report finds it under way.
      ledger = { epoch, phase: 'recovering', remembersSince };
      if (!first) log.warn('the ledger has lost records', { ...loss });
      if (first || !patched(IN_PARTS)) return recoverAtOnce(epoch, loss, remembersSince, first);
      return recoverInParts(epoch, loss.why, missingSince(loss.since ?? null, unfinished), remembersSince);
    },
  };
}
