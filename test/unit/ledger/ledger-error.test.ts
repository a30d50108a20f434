import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { HandoverError, isRetryable } from '../../../src/domain/errors.js';
import { toLedgerError } from '../../../src/ledger/ledger-error.js';

/** An error as Redis answers it and ioredis hands it on. */
function refusal(message: string): Error {
  const error = Object.assign(new Error(message), {
    command: { name: 'hello', args: ['3', 'AUTH', 'user', 's3cret'] },
  });
  error.name = 'ReplyError';
  return error;
}

describe('an error of the Redis client', () => {
  test.each([
    ['a lost connection', new Error('Connection is closed.')],
    ['a time limit', new Error('Command timed out')],
    ['a refused connection', Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' })],
    ['a cluster that is down', refusal('CLUSTERDOWN The cluster is down')],
    ['a server that loads its data', refusal('LOADING Redis is loading the dataset in memory')],
    ['a server that runs a long script', refusal('BUSY Redis is busy running a script.')],
    ['no replica that follows', refusal('NOREPLICAS Not enough good replicas to write.')],
    ['a text', 'gone'],
  ])('that says %s may be tried again as it is', (_name, thrown) => {
    const error = toLedgerError(thrown, 'claim message m-1', 'm-1');
    expect(error).toMatchObject({ code: 'ledger-unavailable', messageId: 'm-1' });
    expect(error.message).toContain('claim message m-1');
    expect(isRetryable(error)).toBe(true);
  });

  test.each([
    ['READONLY You can not write against a read only replica.', /primary/],
    ['OOM command not allowed when used memory > maxmemory.', /maxmemory/],
    ['MOVED 3999 127.0.0.1:6381', /cluster=true/],
    ['CROSSSLOT Keys in request do not hash to the same slot', /cluster=true/],
    ['NOAUTH Authentication required.', /REDIS_URL/],
    ['WRONGPASS invalid username-password pair or user is disabled.', /REDIS_URL/],
    ['NOPERM this user has no permissions to run the eval command', /ACL/],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', /key/],
    ['UNREADABLE this key does not hold a record of the ledger', /key/],
    ['ERR user_script:12: attempt to index a nil value', /Redis/],
  ])('that says %j may not, and the hint says what to do', (message, hint) => {
    const error = toLedgerError(refusal(message), 'claim message m-1');
    expect(error.code).toBe('ledger-rejected');
    expect(isRetryable(error)).toBe(false);
    expect(error.hint).toMatch(hint);
    expect(error.cause).toMatchObject({ name: 'ReplyError', message });
  });

  test('is told without the command that failed, as that may hold a password', () => {
    const error = toLedgerError(refusal('WRONGPASS invalid username-password pair'), 'keep a connection');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('s3cret');
    expect(JSON.stringify(error.cause)).not.toContain('s3cret');
  });

  test('is told in plain words where ioredis speaks of its own options', () => {
    const raw = Object.assign(new Error('Reached the max retries per request limit (which is 1).'), {
      name: 'MaxRetriesPerRequestError',
    });
    expect(toLedgerError(raw, 'tell the time').message).toBe(
      'Redis gave no answer to: tell the time (it cannot be reached)',
    );
  });

  test('that is ours already stays as it is', () => {
    const ours = new HandoverError('ledger-rejected', 'no');
    expect(toLedgerError(ours, 'claim')).toBe(ours);
  });
});
