import type { Client } from '@temporalio/client';
import { type CutoverActivities, createCutoverActivities } from '../../activities/policy.js';
import type { IsOpenRun } from '../../activities/runs.js';
import type { Log } from '../../domain/log.js';
import type { Starter } from '../../intake/starter.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { RedisClient } from '../../ledger/redis/connect.js';
import { createAudit } from '../../ledger/redis/stores/audit.js';
import { createLedgerMarks } from '../../ledger/redis/stores/marks.js';
import type { PolicyStore } from '../../ledger/redis/stores/policy-store.js';
import { createWaitingMessages } from '../../ledger/redis/stores/waiting-messages.js';
import { createRecoveryActivities } from '../../recovery/activities.js';
import type { RecoveryActivities } from '../../recovery/contract.js';
import { createLedgerRebuild } from '../../recovery/rebuild.js';
import type { AskRunState } from '../../recovery/run-state-query.js';
import { readTemporalRetention } from '../retention.js';

export interface CutoverWorkerOptions {
  readonly migration: string;
  readonly client: Client;
  readonly redis: RedisClient;
  readonly ledger: Ledger;
  readonly policyStore: PolicyStore;
  readonly starter: Starter;
  readonly isOpenRun: IsOpenRun;
  readonly askRunState: AskRunState;
  readonly log: Log;
}

/** What the cutover workflow has done: the policy published, and the ledger rebuilt. Any process may be asked to. */
export function createCutoverWorkerActivities(options: CutoverWorkerOptions): CutoverActivities & RecoveryActivities {
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
