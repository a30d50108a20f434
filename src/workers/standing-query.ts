import {
  type Client,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowClient,
} from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { type Standing, standingQuery } from '../workflows/message-contract.js';

/** What an open workflow says of itself, or that it is not open, or that it cannot say. */
export type StandingAnswer = Standing | 'closed' | 'cannot-say';

export type AskStanding = (messageId: string) => Promise<StandingAnswer>;

/** How long one workflow may take to answer, in ms. */
const PATIENCE_MS = 10_000;

/** gRPC's FAILED_PRECONDITION: the workflow's tasks are failing, or no worker of its queue is there. */
const FAILED_PRECONDITION = 9;

/** Throws what the client throws where Temporal is to blame, and not the workflow. */
export function createAskStanding(client: Client): AskStanding {
  // A workflow that was ended still answers queries, for as long as Temporal keeps it.
  const openOnly = new WorkflowClient({
    ...client.workflow.options,
    connection: client.connection,
    queryRejectCondition: 'NOT_OPEN',
  });
  return async (messageId) => {
    try {
      return await client.withDeadline(Date.now() + PATIENCE_MS, () =>
        openOnly.getHandle(messageId).query(standingQuery),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof QueryRejectedError) return 'closed';
      if (cannotSay(error)) return 'cannot-say';
      throw error;
    }
  };
}

/** It runs on workers of an earlier version, or cannot run now. */
function cannotSay(error: unknown): boolean {
  // A deadline ends a call in one of two ways, depending on which end notices it first.
  const outOfTime = isGrpcDeadlineError(error) || isGrpcCancelledError(error);
  if (error instanceof QueryNotRegisteredError || outOfTime) return true;
  return isGrpcServiceError(error) && Number(error.code) === FAILED_PRECONDITION;
}
