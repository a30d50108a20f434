import type { Client } from '@temporalio/client';
import { type CutoverActivities, createCutoverActivities } from '../activities/cutover-activities.js';
import type { IsOpenRun } from '../activities/open-run.js';
import { createRecoveryActivities, type RecoveryActivities } from '../activities/recovery-activities.js';
import type { Log } from '../domain/log.js';
import type { Starter } from '../intake/starter.js';
import { createAudit } from '../ledger/audit.js';
import type { RedisClient } from '../ledger/connect.js';
import type { Ledger } from '../ledger/ledger.js';
import { createLedgerMarks } from '../ledger/marks.js';
import type { PolicyStore } from '../ledger/policy-store.js';
import { createWaitingMessages } from '../ledger/waiting-messages.js';
import { createLedgerRebuild } from './ledger-rebuild.js';
import type { AskStanding } from './standing-query.js';
import { readTemporalRetention } from './temporal-retention.js';

export interface StewardOptions {
  readonly migration: string;
  readonly client: Client;
  readonly redis: RedisClient;
  readonly ledger: Ledger;
  readonly policyStore: PolicyStore;
  readonly starter: Starter;
  readonly isOpenRun: IsOpenRun;
  readonly askStanding: AskStanding;
  readonly log: Log;
}

/** What the cutover workflow has done: the policy published, and the ledger rebuilt. Any process may be asked to. */
export function createStewardActivities(options: StewardOptions): CutoverActivities & RecoveryActivities {
  const { migration, client, redis, policyStore } = options;
  return {
    ...createCutoverActivities({ policyStore }),
    ...createRecoveryActivities({
      marks: createLedgerMarks(redis, migration),
      rebuild: createLedgerRebuild({ ...options, waiting: createWaitingMessages(redis, migration) }),
      audit: createAudit(redis, migration),
      now: () => options.ledger.now(),
      retention: () => readTemporalRetention(client),
    }),
  };
}
