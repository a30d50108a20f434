import { Endpoints } from 'rocketmq-client-nodejs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PoppedDelivery } from '../../../../src/brokers/rocketmq/delivery.js';
import { handOver } from '../../../../src/brokers/rocketmq/hand-over.js';
import { RocketmqLeases } from '../../../../src/brokers/rocketmq/leases.js';
import type { ReceiptHandle } from '../../../../src/brokers/rocketmq/receipt-handle.js';
import type { Delivery } from '../../../../src/brokers/source.js';

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
    await leases.drained();
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
    await leases.drained();
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
    await leases.drained();
    expect(broker.acknowledged).toEqual(['extended 1']);
  });

  it('are acknowledged in the end when the broker was away for a moment', async () => {
    broker.failures = 3;
    leases.hold(popped(), Promise.resolve());
    const settled = leases.drained();
    await vi.advanceTimersByTimeAsync(5000);
    await settled;
    expect(broker.acknowledged).toEqual(['first']);
    expect(returned).toBe(0);
  });

  it('are let go when the acknowledgement is lost, and known to come again', async () => {
    broker.failures = Number.POSITIVE_INFINITY;
    leases.hold(popped(), Promise.resolve());
    const settled = leases.drained();
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
    await leases.drained();
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
    await leases.drained();
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

  describe('of one that has come again while it is held, as its renewals failed', () => {
    const again = (
      change: { body?: Buffer; firstTime?: boolean; id?: string; broker?: string } = {},
    ): PoppedDelivery => {
      const { body = BODY, firstTime = false, id = 'm-1', broker = 'broker-a' } = change;
      const one = popped();
      const delivery = { ...one.delivery, body, properties: new Map([['id', id]]) };
      return { ...one, queue: `${broker}/1`, firstTime, delivery, handle: { ...one.handle, receiptHandle: 'again' } };
    };
    const held = (): PoppedDelivery => ({
      ...popped(),
      delivery: { ...popped().delivery, body: BODY, properties: new Map([['id', 'm-1']]) },
    });
    const BODY = Buffer.from('{"amount":5}');

    it('is not handed over a second time, however often it comes, and the others of its poll are', () => {
      const taken: string[][] = [];
      const sink = {
        take: (deliveries: readonly Delivery[]) => {
          taken.push(deliveries.map(({ properties }) => properties.get('id') ?? ''));
          return deliveries.map(() => new Promise<void>(() => undefined));
        },
      };
      const options = { sink, leases, past: { handedOut: () => undefined } };
      handOver([held()], options);
      for (let time = 0; time < 10; time += 1) handOver([again(), again({ id: `m-${time + 2}` })], options);
      expect(taken.flat()).toEqual(Array.from({ length: 11 }, (_, n) => `m-${n + 1}`));
    });

    it('is one with it, and is acknowledged by the handle that came last', async () => {
      const { outcome, accept } = pending();
      leases.hold(held(), outcome);
      broker.failures = 4;
      await vi.advanceTimersByTimeAsync(INVISIBILITY_MS);
      broker.failures = 0;
      broker.latest = 'again';
      expect(leases.rejoin(again())).toBe(true);
      accept();
      await leases.drained();
      expect(broker.acknowledged).toEqual(['again']);
    });

    it('is extended by that handle, also where an extension by the one before is answered late', async () => {
      const renewal = pending();
      broker.extending = renewal.outcome;
      const { outcome, accept } = pending();
      leases.hold(held(), outcome);
      await vi.advanceTimersByTimeAsync(INVISIBILITY_MS / 3);
      expect(leases.rejoin(again())).toBe(true);
      renewal.accept();
      await vi.advanceTimersByTimeAsync(0);
      broker.latest = 'again';
      accept();
      await leases.drained();
      expect(broker.acknowledged).toEqual(['again']);
    });

    it('is another one where anything of it differs, or nobody had it before, or nothing is held any more', async () => {
      const { outcome, accept } = pending();
      leases.hold(held(), outcome);
      const others = [{ body: Buffer.from('{}') }, { firstTime: true }, { id: 'm-2' }, { broker: 'broker-b' }];
      expect(others.map((change) => leases.rejoin(again(change)))).toEqual([false, false, false, false]);
      accept();
      await vi.advanceTimersByTimeAsync(0);
      expect(leases.rejoin(again())).toBe(false);
      await leases.drained();
    });
  });
});
