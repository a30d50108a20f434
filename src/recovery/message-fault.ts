import { isGrpcServiceError } from '@temporalio/client';
import { HandoverError } from '../domain/errors.js';
import { Unreadable } from '../ledger/ledger-error.js';

/** gRPC's codes for a server that is away, full, slow, or refuses this process: CANCELLED, DEADLINE_EXCEEDED, and so on. */
const ABOUT_THE_SERVER: readonly number[] = [1, 4, 7, 8, 14, 16];

/**
 * Whether a fault is one message's own: its record, its workflow or its result cannot be read. What a server that is away
 * or that refuses this process causes is none, as it would be blamed on each message in turn.
 */
export function isFaultOfOneMessage(error: unknown): boolean {
  if (error instanceof HandoverError) return error instanceof Unreadable || error.code === 'message-invalid';
  const code = grpcCodeOf(error);
  return code === undefined || !ABOUT_THE_SERVER.includes(code);
}

/** The gRPC code in an error or in what caused it: the client wraps what the server answered. */
function grpcCodeOf(error: unknown): number | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isGrpcServiceError(at)) return Number(at.code);
  }
  return undefined;
}
