import { Endpoints } from 'rocketmq-client-nodejs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReceiptHandle } from '../../../src/brokers/receipt-handle.js';
import type { PoppedDelivery } from '../../../src/brokers/rocketmq-delivery.js';
import { RocketmqLeases } from '../../../src/brokers/rocketmq-leases.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const INVISIBILITY_MS = 15_000;

function popped(receivedAt = 0): PoppedDelivery {
  return {
    queue: 'broker-a/0',
    firstTime: true,
    askedAt: receivedAt - 5,
    handle: { topic: 'rewards', messageId: '01AB', endpoints: new Endpoints('127.0.0.1:8081'), receiptHandle: 'first' },
    delivery: {
      side: 'rocketmq',
      topic: 'rewards',
      coordinates: 'rocketmq:rewards/broker-a/0/1',
      properties: new Map(),
      key: undefined,
      body: null,
      storedAt: 0,
      receivedAt,
    },
  };
}

/** A broker that changes the receipt handle with every extension, and takes an acknowledgement by the latest one only. */
class FakeBroker {
  readonly extensions: number[] = [];
  readonly acknowledged: string[] = [];
  latest = 'first';
  failures = 0;
  extending: Promise<void> = Promise.resolve();

  async extend(handle: ReceiptHandle, ms: number): Promise<void> {
    this.#mayFail();
    this.latest = `extended ${this.extensions.push(ms)}`;
    const { latest } = this;
    await this.extending;
    handle.receiptHandle = latest;
  }

  async acknowledge(handle: ReceiptHandle): Promise<void> {
    this.#mayFail();
    if (handle.receiptHandle !== this.latest) throw new Error('an expired receipt handle');
    this.acknowledged.push(handle.receiptHandle);
  }

  #mayFail(): void {
    if (this.failures-- > 0) throw new Error('14 UNAVAILABLE');
  }
}

let broker: FakeBroker;
let returned: number;
let leases: RocketmqLeases;

beforeEach(() => {
  vi.useFakeTimers();
  broker = new FakeBroker();
  returned = 0;
  const onReturn = () => {
    returned += 1;
  };
  leases = new RocketmqLeases({ consumer: () => broker, invisibilityMs: INVISIBILITY_MS, onReturn, log: quiet });
});

afterEach(() => {
  leases.stop();
  vi.useRealTimers();
});

function pending(): { outcome: Promise<void>; accept: () => void; reject: (error: Error) => void } {
  let accept = () => {};
  let reject: (error: Error) => void = () => {};
  const outcome = new Promise<void>((resolve, refuse) => {
    accept = resolve;
    reject = refuse;
  });
  return { outcome, accept, reject };
}

describe('the leases of RocketMQ deliveries', () => {
  it('are acknowledged when they are accepted, and held no longer', async () => {
    const { outcome, accept } = pending();
    leases.hold(popped(7), outcome);
    expect(leases.heldSince).toBe(2);
    accept();
    await leases.settled();
    expect(broker.acknowledged).toEqual(['first']);
    expect(leases.heldSince).toBeUndefined();
    expect(returned).toBe(0);
  });

  it('are renewed for as long as they are pending, and acknowledged by the latest handle', async () => {
    const { outcome, accept } = pending();
    leases.hold(popped(), outcome);
    await vi.advanceTimersByTimeAsync(3 * INVISIBILITY_MS);
    expect(broker.extensions).toEqual(Array(9).fill(INVISIBILITY_MS));
    accept();
    await leases.settled();
    expect(broker.acknowledged).toEqual(['extended 9']);
    await vi.advanceTimersByTimeAsync(INVISIBILITY_MS);
    expect(broker.extensions).toHaveLength(9);
  });

  it('wait with the acknowledgement for a renewal that is on its way', async () => {
    const renewal = pending();
    broker.extending = renewal.outcome;
    const { outcome, accept } = pending();
    leases.hold(popped(), outcome);
    await vi.advanceTimersByTimeAsync(INVISIBILITY_MS / 3);
    accept();
    await vi.advanceTimersByTimeAsync(0);
    expect(broker.acknowledged).toEqual([]);
    renewal.accept();
    await leases.settled();
    expect(broker.acknowledged).toEqual(['extended 1']);
  });

  it('are acknowledged in the end when the broker was away for a moment', async () => {
    broker.failures = 3;
    leases.hold(popped(), Promise.resolve());
    const settled = leases.settled();
    await vi.advanceTimersByTimeAsync(5000);
    await settled;
    expect(broker.acknowledged).toEqual(['first']);
    expect(returned).toBe(0);
  });

  it('are let go when the acknowledgement is lost, and known to come again', async () => {
    broker.failures = Number.POSITIVE_INFINITY;
    leases.hold(popped(), Promise.resolve());
    const settled = leases.settled();
    await vi.advanceTimersByTimeAsync(60_000);
    await settled;
    expect(broker.acknowledged).toEqual([]);
    expect(returned).toBe(1);
    expect(leases.heldSince).toBeUndefined();
  });

  it('go back to the broker, as early as it allows, when they are not accepted', async () => {
    const { outcome, reject } = pending();
    leases.hold(popped(), outcome);
    reject(new Error('not now'));
    await leases.settled();
    expect(broker.acknowledged).toEqual([]);
    expect(broker.extensions).toEqual([10_000]);
    expect(returned).toBe(1);
  });

  it('are told as returned when they cannot be renewed, but stay pending', async () => {
    broker.failures = 1;
    const { outcome, accept } = pending();
    leases.hold(popped(3), outcome);
    await vi.advanceTimersByTimeAsync(INVISIBILITY_MS / 3);
    expect(returned).toBe(1);
    expect(leases.heldSince).toBe(-2);
    accept();
    await leases.settled();
    expect(broker.acknowledged).toEqual(['first']);
  });

  it('name the time after which all that is still held came', async () => {
    const first = pending();
    leases.hold(popped(1), first.outcome);
    leases.hold(popped(2), pending().outcome);
    expect(leases.heldSince).toBe(-4);
    first.accept();
    await vi.advanceTimersByTimeAsync(0);
    expect(leases.heldSince).toBe(-3);
  });

  it('are older than anything where one has come again', async () => {
    const again = pending();
    leases.hold(popped(1), pending().outcome);
    leases.hold({ ...popped(2), firstTime: false }, again.outcome);
    expect(leases.heldSince).toBe(0);
    again.accept();
    await vi.advanceTimersByTimeAsync(0);
    expect(leases.heldSince).toBe(-4);
  });
});
