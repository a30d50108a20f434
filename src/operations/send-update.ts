import { randomUUID } from 'node:crypto';
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { HandoverError } from '../domain/errors.js';
import { OutOfTime, within } from './answer-within.js';

/** How long a command waits for a worker, in ms: with its own start, it has then failed well within 10 s. */
export const ANSWER_WITHIN_MS = 6_000;

/** How an Update can fail to be answered in time. */
export type Unanswered =
  /** No worker has taken it. */
  | 'not-taken'
  /** A worker has taken it, and has not carried it out yet. */
  | 'not-done';

export interface UpdateParts<Ret> {
  readonly client: Client;
  /** Sends the Update under this ID, and waits until a worker has taken it. */
  readonly send: (updateId: string) => Promise<{ result(): Promise<Ret> }>;
  /** What a person is told when the Update was refused: `type` is that of the workflow's failure. */
  readonly refused: (type: string | undefined, reason: string, cause: Error) => HandoverError;
  readonly unanswered: (how: Unanswered, cause: OutOfTime) => HandoverError;
  readonly patienceMs?: number;
}

/**
 * Sends an Update, and answers its result.
 * @throws HandoverError: what `refused` and `unanswered` make of it, and whatever else the client throws
 */
export async function sendUpdate<Ret>(parts: UpdateParts<Ret>): Promise<Ret> {
  const { client, send, refused, unanswered, patienceMs = ANSWER_WITHIN_MS } = parts;
  let taken = false;
  try {
    return await within(client, patienceMs, async () => {
      const handle = await send(randomUUID());
      taken = true;
      return handle.result();
    });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      throw refused(error.cause.type ?? undefined, error.cause.message, error);
    }
    if (error instanceof OutOfTime) throw unanswered(taken ? 'not-done' : 'not-taken', error);
    throw error;
  }
}
