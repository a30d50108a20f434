import { NamespaceNotFoundError } from '@temporalio/client';
import { toError } from '../domain/errors.js';
import type { StartFault } from '../domain/message/start-refusal.js';

/** What the server said, of an error that the Temporal client threw: the client's own message says what was asked for only. */
export function readTemporalFault(thrown: unknown): StartFault {
  let code: number | undefined;
  let words = toError(thrown).message;
  for (let error: unknown = thrown; error instanceof Error; error = error.cause) {
    const { code: status, details } = error as Error & { readonly code?: unknown; readonly details?: unknown };
    if (typeof status === 'number') code = status;
    words = (typeof details === 'string' && details !== '' ? details : error.message) || words;
  }
  return { code, words };
}

/** The same fault, with the server's words in its message, so that whoever reads why intake holds can mend it. */
export function inServersWords(thrown: unknown): Error {
  const error = toError(thrown);
  const { words } = readTemporalFault(thrown);
  if (error instanceof NamespaceNotFoundError || error.message.includes(words)) return error;
  return new Error(`${error.message}: ${words}`, { cause: thrown });
}
