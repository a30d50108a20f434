import { describe, expect, it } from 'vitest';
import { refusesThisMessage } from '../../../../src/domain/message/start-refusal.js';

describe('a start that Temporal refuses', () => {
  // As Temporal 1.32 says it, to the native client and to the other one.
  it.each([
    [3, 'Blob data size exceeds limit.'],
    [3, 'WorkflowId exceeds maximum allowed length (2000/1000)'],
    [3, 'WorkflowId length exceeds limit.'],
    [3, 'Memo size exceeds limit.'],
    [8, 'grpc: received message larger than max (5243050 vs. 4194304)'],
    [8, 'grpc: received message after decompression larger than max 4194304'],
  ])('for good, with %s: %s, is the message’s own affair', (code, words) => {
    expect(refusesThisMessage({ code, words })).toBe(true);
  });

  it.each([
    [3, 'Namespace default has no mapping defined for search attribute HandoverOwner'],
    [3, 'taskQueue length exceeds limit'],
    [3, 'something that no server has said yet'],
    [5, 'Namespace rewards is not found.'],
    [7, 'Request unauthorized.'],
    [8, 'namespace rate limit exceeded'],
    [14, 'Blob data size exceeds limit, says a proxy that is going down'],
    [16, 'invalid credentials'],
    [undefined, 'Blob data size exceeds limit.'],
  ])('for what concerns every message, or for now, with %s: %s, is held', (code, words) => {
    expect(refusesThisMessage({ code, words })).toBe(false);
  });
});
