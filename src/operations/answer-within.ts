import {
  type Client,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';

/** Thrown by {@link within} when Temporal has not answered in time; most often no worker has. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/**
 * Makes calls to Temporal that have to be answered within `ms` all together.
 * @throws OutOfTime, or whatever the calls throw
 */
export async function within<T>(client: Client, ms: number, calls: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + ms, calls);
  } catch (cause) {
    // A deadline ends a call in one of two ways, depending on which end notices it first. Nothing else cancels these calls.
    const outOfTime =
      cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
      isGrpcDeadlineError(cause) ||
      isGrpcCancelledError(cause);
    throw outOfTime ? new OutOfTime(`no answer within ${ms} ms`, { cause }) : cause;
  }
}
