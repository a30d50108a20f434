import { it as base, describe } from 'vitest';
import { SIDES } from '../../src/domain/side.js';
import {
  type BrokerTopic,
  INVISIBILITY_MS,
  makeBrokerTopic,
  publishIds,
  until,
} from '../support/brokers/broker-topic.js';
import { ACCEPT, idOf, makeIds, NEVER, openPromise, TestSink } from '../support/test-sink.js';

/** Long enough for a drain that has something to wait for. */
const DRAIN_MS = 10_000;
const LAST = 'zz-last';

/** The promises of the port, on either broker. Each test has a topic and a group of its own, so they run side by side. */
describe.each(SIDES)('the %s source', (side) => {
  const it = base.extend<{ on: BrokerTopic }>({
    on: async ({ task: _task }, use) => {
      const on = await makeBrokerTopic(side);
      await use(on);
      await on.close();
    },
  });

  /** What the group is still owed, as its next consumer sees it: everything that arrives up to a message sent after it. */
  async function owed(on: BrokerTopic): Promise<string[]> {
    const sink = new TestSink();
    const source = await on.start(sink);
    // What was popped and not acknowledged comes when its time is up, whatever is published after it.
    await until(() => source.consumedUpTo() !== undefined, 'it is known what is past');
    await publishIds(on, [LAST]);
    await until(() => sink.times(LAST) > 0, 'the last message arrives');
    await source.stop(DRAIN_MS);
    return sink.ids.filter((id) => id !== LAST);
  }

  it.concurrent('hands every message over with its stamps, key, body, time and coordinates', async ({ on, expect }) => {
    const before = Date.now();
    const ids = makeIds('m', 100);
    await publishIds(on, ids);
    const sink = new TestSink();
    const source = await on.start(sink);
    await until(() => sink.ids.length === ids.length, 'all messages arrive');
    await source.stop(DRAIN_MS);

    expect(sink.ids).toEqual(ids);
    const place = side === 'kafka' ? /^kafka:[\w-]+\/\d\/\d+$/ : /^rocketmq:[\w-]+\/[\w-]+\/\d\/\d+$/;
    for (const delivery of sink.deliveries) {
      const id = idOf(delivery);
      expect(delivery).toMatchObject({ side, topic: on.topic, key: id });
      expect(delivery.coordinates).toMatch(place);
      expect(delivery.coordinates).toContain(`:${on.topic}/`);
      expect(delivery.body?.toString()).toBe(`{"id":"${id}"}`);
      expect(delivery.damaged).toBeUndefined();
      expect(delivery.storedAt).toBeGreaterThanOrEqual(before - 1000);
      expect(delivery.receivedAt).toBeGreaterThanOrEqual(delivery.storedAt - 1000);
    }
    expect(new Set(sink.deliveries.map(({ coordinates }) => coordinates)).size).toBe(sink.deliveries.length);
  });

  it.concurrent('never has more pending than there is room for', async ({ on, expect }) => {
    const ids = makeIds('m', 100);
    await publishIds(on, ids);
    const sink = new TestSink(() => new Promise((resolve) => setImmediate(resolve)), 5);
    await on.start(sink);
    await until(() => sink.acceptedIds.length === ids.length, 'all messages are accepted');
    expect(sink.peak).toBeLessThanOrEqual(5);
  });

  it.concurrent('delivers again what was pending when it stopped, and not what was accepted', async ({
    on,
    expect,
  }) => {
    const accepted = makeIds('a', 30);
    const pending = makeIds('p', 10);
    const sink = new TestSink();
    const source = await on.start(sink);
    await publishIds(on, accepted);
    await until(() => sink.acceptedIds.length === accepted.length, 'the first messages are accepted');
    sink.course = NEVER;
    await publishIds(on, pending);
    await until(() => sink.ids.length === accepted.length + pending.length, 'the others are pending');
    await source.stop(0);
    expect(await owed(on)).toEqual(pending);
  });

  it.concurrent('delivers a rejected message again, and skips none behind it', async ({ on, expect }) => {
    const ids = makeIds('m', 60);
    await publishIds(on, ids);
    const rejected = new Set(ids.filter((_, index) => index % 12 === 5));
    const sink = new TestSink(async (delivery, times) => {
      if (times === 1 && rejected.has(idOf(delivery))) throw new Error('not now');
    });
    const source = await on.start(sink);
    await until(() => sink.acceptedIds.length === ids.length, 'all messages are accepted in the end');
    for (const id of rejected) expect(sink.times(id), id).toBeGreaterThan(1);
    await source.stop(DRAIN_MS);
    expect(await owed(on)).toEqual([]);
  });

  it.concurrent('fetches nothing while it is held, and goes on by itself', async ({ on, expect }) => {
    const sink = new TestSink();
    sink.hold();
    await on.start(sink);
    const ids = makeIds('m', 40);
    await publishIds(on, ids);
    await until(() => sink.asked > 0, 'it asks for room');
    await expect(until(() => sink.deliveries.length > 0, 'something arrives', 3000)).rejects.toThrow();
    sink.release();
    await until(() => sink.acceptedIds.length === ids.length, 'all messages are accepted');
    // Nothing was taken and then given up: no message was on its way twice.
    expect(sink.deliveries).toHaveLength(ids.length);
  });

  it.concurrent('lets nothing wait for slow deliveries, and keeps them from being delivered again', async ({
    on,
    expect,
  }) => {
    const ids = makeIds('m', 200);
    // Wherever in a batch: RocketMQ keeps the record of a batch by its first message.
    const slow = new Set(ids.filter((_, index) => index % 10 === 0));
    const end = openPromise();
    const sink = new TestSink((delivery) => (slow.has(idOf(delivery)) ? end.promise : ACCEPT(delivery, 1)));
    const source = await on.start(sink);
    await publishIds(on, ids);
    await until(() => sink.acceptedIds.length === ids.length - slow.size, 'all others are accepted');

    const since = Date.now();
    await until(() => Date.now() - since > 1.5 * INVISIBILITY_MS, 'a lease and a session would be over');
    const again = () => ids.filter((id) => sink.times(id) > 1);
    expect(again()).toEqual([]);
    end.resolve();
    await until(() => sink.acceptedIds.length === ids.length, 'the slow ones are accepted');
    await source.stop(DRAIN_MS);
    expect(await owed(on)).toEqual([]);
    expect(again()).toEqual([]);
  });

  it.concurrent('waits for what is pending when it is told to stop, and acknowledges it', async ({ on, expect }) => {
    const ids = makeIds('m', 20);
    const finish: (() => void)[] = [];
    const sink = new TestSink(() => new Promise((resolve) => finish.push(resolve)));
    const source = await on.start(sink);
    await publishIds(on, ids);
    await until(() => finish.length === ids.length, 'all messages are pending');
    const stopped = source.stop(DRAIN_MS);
    for (const resolve of finish) resolve();
    await stopped;
    expect(source.status()).toMatchObject({ ready: false });
    expect(await owed(on)).toEqual([]);
  });

  it.concurrent('stops although something stays pending', async ({ on, expect }) => {
    const sink = new TestSink(NEVER);
    const source = await on.start(sink);
    await publishIds(on, ['m']);
    await until(() => sink.deliveries.length === 1, 'it is pending');
    await source.stop(500);
    expect(source.status()).toMatchObject({ ready: false });
  });

  it.concurrent('hands over bodies of any bytes and large stamps as they were', async ({ on, expect }) => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const large = 'ö'.repeat(4000);
    const properties = new Map(Object.entries({ 'message-id': 'bytes', large, empty: '' }));
    await on.publisher.publish({ topic: on.topic, properties, body });
    const sink = new TestSink();
    await on.start(sink);
    await until(() => sink.deliveries.length === 1, 'it arrives');
    expect(sink.deliveries[0]).toMatchObject({ body, key: undefined });
    expect(sink.deliveries[0]?.properties.get('large')).toBe(large);
  });

  it.concurrent('knows no past at first, and moves it on while nothing is published', async ({ on, expect }) => {
    const startedAt = Date.now();
    const source = on.source();
    expect(source.consumedUpTo()).toBeUndefined();
    await source.start(new TestSink());
    await until(() => (source.consumedUpTo() ?? 0) > startedAt, 'the start is past');
    const first = source.consumedUpTo() ?? 0;
    await until(() => (source.consumedUpTo() ?? 0) > first, 'more is past');
    expect(source.consumedUpTo()).toBeLessThanOrEqual(Date.now());
  });

  it.concurrent('takes nothing for past that is pending, and does so once it is accepted', async ({ on, expect }) => {
    const pending = openPromise();
    const sink = new TestSink(() => pending.promise);
    const source = await on.start(sink);
    await publishIds(on, ['m']);
    await until(() => sink.deliveries.length === 1, 'it is pending');
    const receivedAt = sink.deliveries[0]?.receivedAt ?? 0;
    await until(() => Date.now() - receivedAt > 2 * INVISIBILITY_MS, 'an idle topic would be past it');
    expect(source.consumedUpTo() ?? 0).toBeLessThan(receivedAt);
    pending.resolve();
    await until(() => (source.consumedUpTo() ?? 0) > receivedAt, 'it is past');
  });

  it.concurrent('bounds when the broker stored a delivery, by the broker’s own word, however late it is taken', async ({
    on,
    expect,
  }) => {
    const sink = new TestSink();
    sink.hold();
    await on.start(sink);
    // Of Kafka, a look must have come between the start and the message for it to be known to be younger than that.
    const startedAt = Date.now();
    await until(() => Date.now() - startedAt > 3_000, 'it has looked at its broker');
    const before = Date.now();
    await publishIds(on, ['m']);
    const after = Date.now();
    await until(() => Date.now() - after > 10_000, 'the message has waited for long');
    sink.release();
    await until(() => sink.deliveries.length === 1, 'it arrives');
    const { receivedAt = 0, brokerTime = {} } = sink.deliveries[0] ?? {};
    expect(brokerTime.after).toBeLessThanOrEqual(after);
    expect(brokerTime.by).toBeGreaterThanOrEqual(before);
    expect(brokerTime.by).toBeLessThan(receivedAt);
    expect(brokerTime.after).toBeGreaterThan(startedAt - 10_000);
  });

  it.concurrent('takes nothing for past that another process of its group has pending', async ({ on, expect }) => {
    const pending = openPromise();
    const quick = new TestSink();
    const slow = new TestSink(() => pending.promise, 1);
    const [one, other] = [await on.start(quick), await on.start(slow)];
    /** As the processes tell each other through Redis, and no other way where the broker itself knows. */
    const past = (): number => {
      const told = other.holding?.();
      return one.consumedUpTo(told === undefined ? [] : [{ ...told, at: Date.now() }]) ?? 0;
    };
    let sent = 0;
    await until(async () => {
      await publishIds(on, [`m-${sent++}`]);
      return slow.deliveries.length > 0;
    }, 'the other one has something pending');
    const receivedAt = slow.deliveries[0]?.receivedAt ?? 0;
    await until(() => Date.now() - receivedAt > 2.5 * INVISIBILITY_MS, 'the one alone would be past it');
    expect(past()).toBeLessThan(receivedAt);
    pending.resolve();
    await until(() => past() > receivedAt, 'the group is past it');
  });
});
