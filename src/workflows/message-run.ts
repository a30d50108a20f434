import { workflowInfo } from '@temporalio/workflow';
import type { RunIdentity } from '../activities/resolution-activities.js';
import type { Side } from '../domain/side.js';
import type { MessageInput } from './message-contract.js';

/** A message once a side holds it: what every step of its further life needs to know. */
export interface HeldMessage {
  readonly input: MessageInput;
  readonly body: Uint8Array;
  readonly identity: RunIdentity;
  readonly owner: Side;
}

/** Who this run is to the ledger: its first execution's ID, which continue-as-new keeps. */
export function identityOf(input: MessageInput): RunIdentity {
  return {
    messageId: input.messageId,
    run: workflowInfo().firstExecutionRunId,
    origin: { decision: input.decision, fingerprint: input.fingerprint },
  };
}
