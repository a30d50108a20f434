import definitions from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pause } from '../../../src/async/waiting.js';
import { createRocketmqPublisher } from '../../../src/brokers/rocketmq/publisher.js';
import { createRocketmqSource } from '../../../src/brokers/rocketmq/source.js';
import type { Source } from '../../../src/brokers/source.js';
import { QUIET, until } from '../../support/brokers/broker-topic.js';
import { FakeRocketmqProxy, proxyMessage } from '../../support/brokers/fake-rocketmq-proxy.js';
import { TestSink } from '../../support/test-sink.js';

/** Faults of a RocketMQ proxy that a real one cannot be made to have at the right moment. */
describe('the RocketMQ source', () => {
  let proxy: FakeRocketmqProxy;
  let source: Source;
  let sink: TestSink;
  const uncaught: Error[] = [];
  const onUncaught = (error: Error) => uncaught.push(error);

  beforeEach(async () => {
    proxy = new FakeRocketmqProxy();
    await proxy.start();
    sink = new TestSink();
    const connection = { endpoints: proxy.endpoints, tls: false };
    source = createRocketmqSource({ connection, topic: 'rewards', group: 'group', log: QUIET });
    uncaught.length = 0;
    process.on('uncaughtException', onUncaught);
  });

  afterEach(async () => {
    proxy.die();
    await source.stop(0);
    process.off('uncaughtException', onUncaught);
    expect(uncaught).toEqual([]);
  });

  it('hands over the good messages of an answer that holds a damaged one, and marks that one', async () => {
    proxy.polls.push([
      proxyMessage('m-1', '{}'),
      proxyMessage('m-2', '\x1f\x8bnot gzip', true),
      proxyMessage('m-3', '{}'),
    ]);
    await source.start(sink);
    await until(() => sink.deliveries.length === 3, 'all three arrive');
    expect(sink.deliveries.map(({ damaged }) => damaged !== undefined)).toEqual([false, true, false]);
    await until(() => proxy.acknowledged.length === 3, 'all three are acknowledged');
  });

  it('acknowledges again when a single entry was refused in an answer that is well on the whole', async () => {
    proxy.ackCodes.push(definitions.Code.INTERNAL_SERVER_ERROR, definitions.Code.INTERNAL_SERVER_ERROR);
    proxy.polls.push([proxyMessage('m-1', '{}')]);
    await source.start(sink);
    await until(() => proxy.acknowledged.length === 1, 'it is acknowledged');
  });

  it('goes on by itself after the proxy has died and come back, and the process survives it', async () => {
    proxy.polls.push([proxyMessage('m-1', '{}')]);
    await source.start(sink);
    await until(() => sink.times('m-1') === 1, 'the first message arrives');
    proxy.die();
    await until(() => !source.status().ready, 'the source has noticed');
    expect(source.status().reason).toMatch(/RocketMQ consumer of rewards failed/);
    await until(() => source.status().restarts > 1, 'it tries');

    await proxy.start();
    proxy.polls.push([proxyMessage('m-2', '{}')]);
    await until(() => sink.times('m-2') === 1, 'the second message arrives');
    expect(source.status()).toMatchObject({ ready: true });
  });

  it('is not ready, and says so, while the proxy takes connections but does not answer', async () => {
    proxy.answersTelemetry = false;
    await source.start(sink);
    expect(source.status().ready).toBe(false);
    expect(source.status().reason).toMatch(/has not answered for \d+ s/);
    proxy.answersTelemetry = true;
    await until(() => source.status().ready, 'it answers at last');
  });

  it('begins without a proxy, and consumes once there is one', async () => {
    proxy.die();
    await source.start(sink);
    expect(source.status()).toMatchObject({ ready: false, reason: expect.stringContaining(proxy.endpoints) });
    await proxy.start();
    proxy.polls.push([proxyMessage('m-1', '{}')]);
    await until(() => sink.times('m-1') === 1, 'the message arrives');
  });

  it('takes a poll that was broken off for no answer at all, and builds its client anew if that goes on', async () => {
    proxy.polls.push(undefined, undefined, undefined, [proxyMessage('m-1', '{}')]);
    await source.start(sink);
    await until(() => source.status().restarts === 1, 'the client is built anew');
    await until(() => sink.times('m-1') === 1, 'the message arrives');
  });

  it("polls no hot loop on a proxy that answers 'no new message' at once, is not ready with that reason, and recovers", async () => {
    proxy.hasty = true;
    await source.start(sink);
    await until(() => !source.status().ready, 'the source has noticed');
    expect(source.status().reason).toMatch(
      /broker-a has answered 'no new message' at once for 3\d s, .* \(ACL\) on topic/,
    );
    expect(source.consumedUpTo()).toBeUndefined();
    // Half a minute of polls without a pause are thousands.
    expect(proxy.asked).toBeLessThan(100);

    proxy.hasty = false;
    proxy.polls.push([proxyMessage('m-1', '{}')]);
    await until(() => sink.times('m-1') === 1, 'the message arrives');
    await until(() => source.status().ready, 'it is ready again');
  });

  it('stops although the proxy is gone', async () => {
    await source.start(sink);
    proxy.die();
    await source.stop(1000);
    expect(source.status()).toMatchObject({ ready: false, reason: 'the RocketMQ consumer of rewards is stopped' });
  });

  it('leaves nothing behind that ends the process when the proxy dies after it has stopped', async () => {
    proxy.endsTelemetry = false;
    await source.start(sink);
    await source.stop(0);
    proxy.die();
    // That nothing happens has no event to wait for; a stream that breaks is told within milliseconds.
    await pause(500);
    expect(uncaught).toEqual([]);
  });
});

describe('the RocketMQ publisher', () => {
  it('tells that the proxy is away, so that the caller may try again', async () => {
    const proxy = new FakeRocketmqProxy();
    await proxy.start();
    proxy.die();
    const publisher = createRocketmqPublisher({ connection: { endpoints: proxy.endpoints, tls: false }, log: QUIET });
    const record = { topic: 'rewards', properties: new Map(), body: Buffer.from('{}') };
    await expect(publisher.publish(record)).rejects.toMatchObject({ code: 'broker-unavailable' });
    await publisher.close();
  });
});
