import { NamespaceNotFoundError, ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { inServersWords, readTemporalFault } from '../../../src/intake/temporal-fault.js';

const native = Object.assign(new Error('Blob data size exceeds limit.'), { code: 3, details: '' });
const grpc = Object.assign(new Error('3 INVALID_ARGUMENT: Blob data size exceeds limit.'), {
  code: 3,
  details: 'Blob data size exceeds limit.',
});

describe('what Temporal says', () => {
  it.each([native, grpc])('is found behind what its client says', (cause) => {
    const thrown = new ServiceError('Failed to start Workflow', { cause });
    expect(readTemporalFault(thrown)).toEqual({ code: 3, words: 'Blob data size exceeds limit.' });
    expect(inServersWords(thrown).message).toBe('Failed to start Workflow: Blob data size exceeds limit.');
  });

  it('is said once where the client says it already, and may be nothing at all', () => {
    const missing = new NamespaceNotFoundError('rewards');
    expect(inServersWords(missing)).toBe(missing);
    expect(readTemporalFault('no error at all')).toEqual({ code: undefined, words: 'no error at all' });
    expect(inServersWords(new Error('deadline exceeded')).message).toBe('deadline exceeded');
  });
});
