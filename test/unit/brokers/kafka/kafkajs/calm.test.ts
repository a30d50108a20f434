import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { calmKafkajs } from '../../../../../src/brokers/kafka/kafkajs/calm.js';

const original = RequestQueue.prototype.scheduleCheckPendingRequests;

function queueWith(fields: Partial<RequestQueue>): RequestQueue {
  return Object.assign(Object.create(RequestQueue.prototype), { pending: [], throttledUntil: -1 }, fields);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  RequestQueue.prototype.scheduleCheckPendingRequests = original;
});

describe('an idle kafkajs connection', () => {
  it('runs timers without end as it comes, and none once it is calmed', () => {
    queueWith({}).scheduleCheckPendingRequests();
    expect(vi.getTimerCount()).toBe(1);
    vi.clearAllTimers();
    calmKafkajs();
    queueWith({}).scheduleCheckPendingRequests();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('still looks after requests that wait, and after throttling by the broker', () => {
    calmKafkajs();
    queueWith({ pending: ['a request'] }).scheduleCheckPendingRequests();
    expect(vi.getTimerCount()).toBe(1);
    queueWith({ throttledUntil: Date.now() + 5000 }).scheduleCheckPendingRequests();
    expect(vi.getTimerCount()).toBe(2);
    queueWith({ throttledUntil: Date.now() - 5000 }).scheduleCheckPendingRequests();
    expect(vi.getTimerCount()).toBe(2);
  });
});
