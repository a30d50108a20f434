import { ServiceError } from '@temporalio/client';
import pLimit from 'p-limit';
import { type ErrorCode, HandoverError, toError } from '../../domain/errors.js';
import type { Answer, Resolved } from './resolve-message.js';

/** An answer that was not carried out. */
export interface FailedAnswer {
  readonly messageId: string;
  readonly code: ErrorCode | 'unexpected';
  readonly reason: string;
}

export interface ManyOptions<A extends Answer> {
  readonly answers: readonly A[];
  readonly resolve: (answer: A) => Promise<Resolved>;
  /** Once aborted, no further answer is given; those under way are finished. */
  readonly signal?: AbortSignal;
  /** Answers under way at once. Default 16. */
  readonly concurrency?: number;
  /** Told after each answer. */
  readonly onAnswer?: (done: number) => void;
}

/** Gives each answer, whatever becomes of the others. What became of them is in the order of the answers. */
export async function resolveMany<A extends Answer>(
  options: ManyOptions<A>,
): Promise<readonly (Resolved | FailedAnswer)[]> {
  const { answers, resolve, signal, concurrency = 16, onAnswer } = options;
  const limit = pLimit(concurrency);
  let done = 0;
  return Promise.all(
    answers.map((answer) =>
      limit(async (): Promise<Resolved | FailedAnswer> => {
        const { messageId } = answer;
        if (signal?.aborted) return { messageId, code: 'interrupted', reason: 'interrupted before it was answered' };
        try {
          return await resolve(answer);
        } catch (error) {
          return failureOf(messageId, error);
        } finally {
          done += 1;
          onAnswer?.(done);
        }
      }),
    ),
  );
}

/** What was carried out and what was not, each in its order. */
export function splitResults(results: readonly (Resolved | FailedAnswer)[]): {
  readonly resolved: readonly Resolved[];
  readonly failed: readonly FailedAnswer[];
} {
  return {
    resolved: results.filter((result) => 'resolution' in result),
    failed: results.filter((result) => 'code' in result),
  };
}

function failureOf(messageId: string, error: unknown): FailedAnswer {
  const reason = toError(error).message;
  if (error instanceof HandoverError) return { messageId, code: error.code, reason };
  return { messageId, code: error instanceof ServiceError ? 'temporal-unavailable' : 'unexpected', reason };
}
