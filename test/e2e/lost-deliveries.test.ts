import { randomUUID } from 'node:crypto';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { fingerprintOf } from '../../src/domain/message/bucket.js';
import { isLostNote } from '../../src/domain/message/lost-delivery.js';
import type { Side } from '../../src/domain/side.js';
import { keys } from '../../src/ledger/redis/keys.js';
import { moveGroup } from '../support/brokers/kafka-positions.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';

const stack = inject('stack');
const patience = { timeout: 280_000, interval: 500 };
/** Twice as many as one sweep looks up. */
const MANY = 400;
const BATCH = 100;
const PARTITIONS = 3;

let live: LiveMigration;
let kafka: Kafka;
let admin: Admin;

beforeEach(async () => {
  live = await startLiveMigration(stack, { adoption: { margin: 1_000, firstLook: 1_000, longestLook: 2_000 } });
  kafka = new Kafka({ brokers: [...stack.kafka.brokers], logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
  // So that there is a whole ledger and a policy.
  const steward = await live.startWorker('kafka', ['--no-intake']);
  await live.setPolicy('setConsumption', { consumption: 'on' });
  await live.setPolicy('setPercentage', { hundredths: 5_000 });
  await steward.stop();
});
afterEach(async () => {
  await admin?.disconnect();
  await live?.close();
});

const bodyOf = (messageId: string): string => JSON.stringify({ messageId, amount: 5 });

/** Messages that were published to Kafka only, with where each lies. */
async function publish(count: number): Promise<Map<string, string>> {
  const producer = kafka.producer();
  await producer.connect();
  const topic = live.migration.topics.kafka;
  const places = new Map<string, string>();
  for (let from = 0; from < count; from += BATCH) {
    const partition = (from / BATCH) % PARTITIONS;
    const ids = Array.from({ length: Math.min(BATCH, count - from) }, () => randomUUID());
    const messages = ids.map((id) => ({ partition, value: bodyOf(id), headers: { 'message-id': id } }));
    const [sent] = await producer.send({ topic, messages });
    ids.forEach((id, i) => {
      places.set(id, `kafka:${topic}/${partition}/${BigInt(sent?.baseOffset ?? 0) + BigInt(i)}`);
    });
  }
  await producer.disconnect();
  return places;
}

/** Records as a side's intake leaves them that has routed its delivery, and not accepted it. */
async function route(side: Side, places: ReadonlyMap<string, string>, owner: Side = side): Promise<void> {
  const requests = [...places].map(([messageId, coordinates]) => ({
    messageId,
    side,
    fingerprint: fingerprintOf(Buffer.from(bodyOf(messageId))),
    decision: { owner, reason: 'planted', policyVersion: 1 },
    validUntil: Number.MAX_SAFE_INTEGER,
    checkAfterMs: 60_000,
    beyondMemory: false,
    beforeStart: false,
    coordinates,
  }));
  for (let from = 0; from < requests.length; from += BATCH) {
    const batch = requests.slice(from, from + BATCH);
    await live.ledger.route(batch);
    await live.ledger.index(batch.map(({ messageId }) => messageId));
  }
}

/** The group's position runs ahead of what was accepted, as a fault of the client made it do. */
const runAhead = (): Promise<void> => moveGroup(stack.kafka.brokers, live, 'end');

const paid = (ids: Iterable<string>): (number | undefined)[] => [...ids].map((id) => live.effects().get(id));

async function untilPaidOnce(ids: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    const states = await live.ledger.states(ids);
    expect(states.filter((state) => state !== 'settled')).toEqual([]);
  }, patience);
  const effects = live.effects();
  expect(ids.filter((id) => effects.get(id) !== 1)).toEqual([]);
}

async function untilShown(messageId: string): Promise<string> {
  return vi.waitFor(async () => {
    const { stranded } = (await live.read(messageId)) ?? {};
    expect(isLostNote(stranded)).toBe(true);
    return stranded ?? '';
  }, patience);
}

describe('on the real services, what a side has acknowledged although nothing has it (P1, P2)', () => {
  it('more than one sweep looks up: each is read again at its place and paid once, of both owners', async () => {
    const places = await publish(MANY);
    const theirs = new Map([...places].slice(0, 20));
    const mine = new Map([...places].slice(20));
    await route('kafka', mine);
    await route('kafka', theirs, 'rocketmq');
    await runAhead();
    await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
    const ids = [...places.keys()];
    // A provider that a busy machine makes late leaves a message parked: it was brought back all the same.
    const ended = await vi.waitFor(async () => {
      const states = await live.ledger.states(ids);
      expect(states.filter((state) => state !== 'settled' && state !== 'parked')).toEqual([]);
      return states;
    }, patience);
    const effects = live.effects();
    const settled = ids.filter((_, i) => ended[i] === 'settled');
    expect(settled.length).toBeGreaterThan(MANY / 2);
    expect(settled.filter((id) => effects.get(id) !== 1)).toEqual([]);
    expect(ids.filter((id) => (effects.get(id) ?? 0) > 1)).toEqual([]);
    expect((await live.ledger.count()).stranded).toBe(0);
  });

  it('where the broker has deleted it, it is shown with the way out, and published again it is paid once', async () => {
    const places = await publish(3);
    await route('kafka', places);
    await runAhead();
    const topic = live.migration.topics.kafka;
    const ends = await admin.fetchTopicOffsets(topic);
    const first = ends.find(({ partition }) => partition === 0);
    // All but the last one.
    const offset = String(Number(first?.high) - 1);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] });
    const worker = await live.startWorker('kafka');
    const [gone, goneToo, kept] = [...places.keys()] as [string, string, string];
    const told = await untilShown(gone);
    expect(told).toContain(places.get(gone));
    expect(told).toContain('the broker has deleted it');
    await untilShown(goneToo);
    await untilPaidOnce([kept]);
    expect((await live.ledger.count()).stranded).toBe(2);
    expect(paid([gone])).toEqual([undefined]);

    await live.publish({ messageId: gone, sides: ['kafka'] });
    await untilPaidOnce([gone]);
    expect((await live.ledger.count()).stranded).toBe(1);
    await worker.stop();
  });

  it('on rocketmq it is shown, as its copy cannot be read again', async () => {
    const id = randomUUID();
    await route('rocketmq', new Map([[id, 'rocketmq:t/broker/0/7']]));
    await live.startWorker('rocketmq');
    expect(await untilShown(id)).toContain('rocketmq:t/broker/0/7');
  });

  it('of an older build, without a place and in no index, it is found and shown', async () => {
    const places = await publish(1);
    const [id] = [...places.keys()] as [string];
    await route('kafka', places);
    await live.ledger.unindex(id);
    await live.redis.hdel(keys.record(live.migration.name, id), 'kafkaAt');
    await runAhead();
    await live.startWorker('kafka');
    expect(await untilShown(id)).toContain('it is not known where');
  });
});
