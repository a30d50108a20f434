import { workflowInfo } from '@temporalio/workflow';
import type { RunIdentity } from '../activities/resolution-activities.js';
import type { LedgerWitness } from '../domain/ledger-loss.js';
import type { Side } from '../domain/side.js';
import type { MessageInput } from './message-contract.js';
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
