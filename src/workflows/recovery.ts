import { log, proxyActivities, sleep, uuid4 } from '@temporalio/workflow';
import type { RecoveryActivities } from '../activities/recovery-activities.js';
import { isNews, type LedgerState, type LossReport } from '../domain/ledger-loss.js';

/** How long after a recovery Temporal is asked once more what there is: visibility may lag by that much under load. */
const LOOK_AGAIN_AFTER_MS = 30_000;

/** Tried for ever, as intake holds until it is done; by another process soon after the one that had it has died. */
const { recoverLedger, lookAgain } = proxyActivities<RecoveryActivities>({
  startToCloseTimeout: '12 h',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
});

export interface LedgerRecovery {
  /** Undefined before the first report: the migration has no epoch yet. */
  state(): LedgerState | undefined;
  /** Has the ledger rebuilt, unless that has been done or is under way: of all reports of one loss, the first counts. */
  report(report: LossReport): Promise<void>;
}

/** The recoveries of one migration's ledger, one at a time. `republish` puts the policy where consumers read it. */
export function createRecovery(carried: LedgerState | undefined, republish: () => Promise<unknown>): LedgerRecovery {
  let ledger = carried;

  return {
    state: () => ledger,

    async report(loss) {
      if (!isNews(ledger, loss)) return;
      const first = ledger === undefined;
      const { remembersSince } = ledger ?? { remembersSince: 0 };
      const epoch = uuid4();
      // In the same breath as the question, so that a second report finds it under way.
      ledger = { epoch, phase: 'recovering', remembersSince };
      if (!first) log.warn('the ledger has lost records', { ...loss });
      const { why, since = null } = loss;
      const result = await recoverLedger({ epoch, why, since, remembersSince, first });
      ledger = { epoch, phase: 'intact', remembersSince: result.remembersSince };
      if (first) return;
      await republish();
      await sleep(LOOK_AGAIN_AFTER_MS);
      await lookAgain({ since: result.recovery.since, thorough: true });
    },
  };
}
