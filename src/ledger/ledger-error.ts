import { HandoverError, toError } from '../domain/errors.js';

/** Refusals by which Redis says that it will answer before long. */
const PASSING = ['CLUSTERDOWN', 'TRYAGAIN', 'LOADING', 'MASTERDOWN', 'BUSY', 'NOREPLICAS'];

/**
 * An error of the Redis client as one of ours. `what` says what was being done, as in `claim message 4711`.
 * `ledger-unavailable`: no answer, or one that says to wait. `ledger-rejected`: Redis has answered no.
 */
export function toLedgerError(thrown: unknown, what: string, messageId?: string): HandoverError {
  if (thrown instanceof HandoverError) return thrown;
  const cause = bare(toError(thrown));
  const options = { cause, ...(messageId !== undefined && { messageId }) };
  const told = PLAINLY[cause.name] ?? cause.message;
  const refusal = cause.name === 'ReplyError' ? (cause.message.split(' ', 1)[0] ?? '') : undefined;
  if (refusal === undefined || PASSING.includes(refusal)) {
    return new HandoverError('ledger-unavailable', `Redis gave no answer to: ${what} (${told})`, {
      ...options,
      hint: 'It is asked again by itself; see whether Redis is up and can be reached.',
    });
  }
  const Refused = UNREADABLE.includes(refusal) ? Unreadable : HandoverError;
  return new Refused('ledger-rejected', `Redis refused to ${what} (${cause.message})`, {
    ...options,
    hint: HINTS[refusal] ?? 'See what Redis says; nothing was changed.',
  });
}

/** What Redis holds under a key of ours cannot be read: a fault of that one record, and of no other. */
export class Unreadable extends HandoverError {}

/** Refusals that speak of the record and not of the server. */
const UNREADABLE = ['UNREADABLE', 'WRONGTYPE'];

/** A fault in what Redis holds or answers, which no repetition mends. */
export function unreadable(what: string, found: string, messageId?: string, cause?: unknown): Unreadable {
  return new Unreadable('ledger-rejected', `cannot ${what}: ${found}`, {
    hint: 'Another program may write to these keys, or another version of handover has: compare their versions.',
    cause,
    ...(messageId !== undefined && { messageId }),
  });
}

/** What ioredis says in its own terms, in plain ones. */
const PLAINLY: Readonly<Record<string, string>> = {
  MaxRetriesPerRequestError: 'it cannot be reached',
  ClusterAllFailedError: 'no node of the cluster can be reached',
  AbortError: 'no node of the cluster can be reached',
};

const HINTS: Readonly<Record<string, string>> = {
  READONLY: 'This is a replica: let REDIS_URL name the primary.',
  OOM: 'Redis has no memory left: raise maxmemory.',
  MOVED: 'This is one node of a Redis Cluster: name several nodes in REDIS_URL, or add ?cluster=true to it.',
  CROSSSLOT: 'This is one node of a Redis Cluster: name several nodes in REDIS_URL, or add ?cluster=true to it.',
  NOAUTH: 'Put the user and password into REDIS_URL.',
  WRONGPASS: 'Correct the user and password in REDIS_URL.',
  NOPERM: 'Let the ACL of this user allow the command that is named.',
  UNREADABLE: 'Another program may write to this key, or a newer version of handover has.',
  WRONGTYPE: 'Another program may write to this key.',
};

/** Only name, message and stack: ioredis hangs the failed command with its arguments on an error, a password included. */
function bare(error: Error): Error {
  const { name, message, stack } = error;
  const plain = new Error(message);
  plain.name = name;
  if (stack !== undefined) plain.stack = stack;
  return plain;
}
