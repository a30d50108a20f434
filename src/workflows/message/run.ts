import { proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { OwnershipActivities } from '../../activities/ownership.js';
import type { ResolutionActivities } from '../../activities/resolution.js';
import type { LedgerWitness } from '../../domain/ledger/ledger-health.js';
import type { MessageInput, RunIdentity } from '../../domain/run.js';
import type { Side } from '../../domain/side.js';
import { isReset, type Reset } from './reset.js';

/** A message once a side holds it: what every step of its further life needs to know. */
export interface HeldMessage {
  readonly input: MessageInput;
  readonly body: Uint8Array;
  readonly identity: RunIdentity;
  readonly owner: Side;
  readonly reset: Reset;
  /** How the ledger was before this run sent anything, where that is known. */
  readonly witness?: LedgerWitness;
}

/**
 * Who this run is to the ledger: its first execution's ID, which continue-as-new keeps. A run that a reset has made is
 * another one, although Temporal keeps the first execution's ID for it too: what the earlier one sent it does not know.
 */
export function identityOf(input: MessageInput): RunIdentity {
  const { runId, firstExecutionRunId } = workflowInfo();
  return {
    messageId: input.messageId,
    run: isReset() ? runId : (input.run ?? firstExecutionRunId),
    origin: { decision: input.decision, fingerprint: input.fingerprint },
  };
}

/**
 * The ledger's steps as local activities: any worker that has the workflow can take them, whichever side it is of, and
 * they cost no round trip through the server. They are tried for ever: without the ledger a message waits.
 */
export const ledgerSteps = proxyLocalActivities<OwnershipActivities & ResolutionActivities>({
  startToCloseTimeout: '10 s',
  localRetryThreshold: '10 s',
  retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
});
