import {
  type Client,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowClient,
} from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { type RunState, runStateQuery } from '../workflows/message/contract.js';
import { isFaultOfOneMessage } from './message-fault.js';

/** What an open workflow says of itself, or that it is not open, or that it cannot say. */
export type RunStateAnswer = RunState | 'closed' | 'cannot-say';

export type AskRunState = (messageId: string) => Promise<RunStateAnswer>;

/**
 * How long one workflow may take to answer, in ms. After so many in a row that did not, those that follow get less: a queue
 * without workers has all its workflows silent, and thousands of them must not keep the ledger from being whole for an hour.
 */
const PATIENCE_MS = 10_000;
const SILENT_IN_A_ROW = 32;
const LITTLE_PATIENCE_MS = 1_000;

/** Throws what the client throws where Temporal is to blame, and not the workflow. */
export function createAskRunState(client: Client): AskRunState {
  // A workflow that was ended still answers queries, for as long as Temporal keeps it.
  const openOnly = new WorkflowClient({
    ...client.workflow.options,
    connection: client.connection,
    queryRejectCondition: 'NOT_OPEN',
  });
  let silent = 0;
  return async (messageId) => {
    const patienceMs = silent < SILENT_IN_A_ROW ? PATIENCE_MS : LITTLE_PATIENCE_MS;
    try {
      const runState = await client.withDeadline(Date.now() + patienceMs, () =>
        openOnly.getHandle(messageId).query(runStateQuery),
      );
      silent = 0;
      return runState;
    } catch (error) {
      silent += 1;
      if (error instanceof WorkflowNotFoundError || error instanceof QueryRejectedError) return 'closed';
      if (cannotSay(error)) return 'cannot-say';
      throw error;
    }
  };
}

/** It runs on workers of an earlier version, its tasks are failing, or no worker of its queue is there. */
function cannotSay(error: unknown): boolean {
  // A deadline ends a call in one of two ways, depending on which end notices it first.
  const outOfTime = isGrpcDeadlineError(error) || isGrpcCancelledError(error);
  return error instanceof QueryNotRegisteredError || outOfTime || isFaultOfOneMessage(error);
}
