import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createKafkaPublisher } from '../../src/brokers/kafka/publisher.js';
import { bucketOf } from '../../src/domain/message/bucket.js';
import { decide, initialPolicy, type Policy } from '../../src/domain/policy/policy.js';
import { otherSide, SIDES, type Side } from '../../src/domain/side.js';
import { resolveUpdate } from '../../src/workflows/message/contract.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import type { WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
let live: LiveMigration;
let policy: Policy;
const workers = new Map<Side, WorkerProcess>();

beforeAll(async () => {
  live = await startLiveMigration(stack);
  for (const worker of await Promise.all(SIDES.map((side) => live.startWorker(side)))) workers.set(worker.side, worker);
  await live.setPolicy('setConsumption', { consumption: 'on' });
  policy = await live.setPolicy('setPercentage', { hundredths: 5_000 });
});
afterAll(async () => {
  await live?.close();
});
afterEach(() => live.simulator.setFaults({}));

const patience = { timeout: 90_000, interval: 200 };

async function untilSettled(ids: readonly string[], timeout = 90_000): Promise<void> {
  await vi.waitFor(
    async () => {
      const states = await live.ledger.states(ids);
      expect(states.filter((state) => state === 'settled')).toHaveLength(ids.length);
    },
    { timeout, interval: 250 },
  );
}

/** A message ID whose bucket gives it to this side at 50 %. */
function ownedBy(side: Side): string {
  for (;;) {
    const id = randomUUID();
    if (decide(policy, { bucket: bucketOf(live.migration.name, id) }).owner === side) return id;
  }
}

async function parkOne(): Promise<string> {
  await live.simulator.setFaults({ 'grant-then-hang': 1 });
  const id = await live.publish();
  await vi.waitFor(async () => expect((await live.read(id))?.state).toBe('parked'), patience);
  await live.simulator.setFaults({});
  return id;
}

describe('on the real services', () => {
  it('a message published to both brokers, even twice, is rewarded once, by the side that the policy names (P1, P4)', async () => {
    const ids = await Promise.all(Array.from({ length: 60 }, () => live.publish()));
    await Promise.all(ids.slice(0, 10).map((messageId) => live.publish({ messageId })));
    await untilSettled(ids);
    expect(ids.map((id) => live.effects().get(id))).toEqual(ids.map(() => 1));
    for (const id of ids) {
      const { owner, reason } = decide(policy, { bucket: bucketOf(live.migration.name, id) });
      expect(await live.read(id)).toMatchObject({ owner, reason, outcome: 'granted', policyVersion: policy.version });
      const handle = live.client.workflow.getHandle(id);
      // The ledger has the outcome before Temporal: the workflow ends with the answer of the activity that recorded it.
      expect(await handle.result()).toMatchObject({ outcome: 'granted', owner });
      expect((await handle.describe()).type).toBe('message');
    }
    const owners = new Set(await Promise.all(ids.map(async (id) => (await live.read(id))?.owner)));
    expect(owners).toEqual(new Set(SIDES));
  });

  it('what can never be a message is dead-lettered with its reason and its own body, and blocks nothing (P2)', async () => {
    const publisher = createKafkaPublisher({ connection: { brokers: stack.kafka.brokers }, log: console });
    const topic = live.migration.topics.kafka;
    const tag = randomUUID();
    const bad = (properties: [string, string][], body: string) =>
      publisher.publish({ topic, properties: new Map(properties), body: Buffer.from(body) });
    await bad([], `{"tag":"${tag}"}`);
    await bad([['message-id', 'not an id']], `{"tag":"${tag}"}`);
    await bad([['message-id', randomUUID()]], `{"tag":"${tag}"`);
    await publisher.close();
    await untilSettled([await live.publish()]);

    const letters: { reason: string; body: string }[] = [];
    const kafka = new Kafka({ brokers: [...stack.kafka.brokers], logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: `test-${tag}` });
    await consumer.connect();
    await consumer.subscribe({ topic: live.migration.deadLetterTopics.kafka, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { headers, value } }) => {
        const body = String(value);
        if (body.includes(tag)) letters.push({ reason: String(headers?.['handover-reason']), body });
      },
    });
    await vi.waitFor(() => expect(letters).toHaveLength(3), patience);
    await consumer.disconnect();
    expect(letters.map(({ reason }) => reason).sort()).toEqual(['malformed-id', 'missing-id', 'undecodable']);
  });

  it('an unknown outcome is parked, never sent again, and settled by a person, once (P1)', async () => {
    const id = await parkOne();
    // The record is written by a local activity, the attribute by the workflow task that it is part of.
    await vi.waitFor(async () => {
      const { searchAttributes } = await live.client.workflow.getHandle(id).describe();
      expect(searchAttributes['HandoverState']).toEqual(['parked']);
    }, patience);
    expect(live.callsFor(id)).toBe(1);
    const answer = { round: 1, resolution: 'granted', actor: 'ann', reason: 'it is in their settlement file' } as const;
    const handle = live.client.workflow.getHandle(id);
    await handle.executeUpdate(resolveUpdate, { args: [answer] });
    await untilSettled([id]);
    await expect(handle.executeUpdate(resolveUpdate, { args: [answer] })).rejects.toThrow();
    expect(live.effects().get(id)).toBe(1);
    expect(live.callsFor(id)).toBe(1);
  });

  it('a resend is refused while the last request may still take effect, and then makes one more round (P1)', async () => {
    await live.simulator.setFaults({ reset: 1 });
    const id = await live.publish();
    await vi.waitFor(async () => expect((await live.read(id))?.state).toBe('parked'), patience);
    await live.simulator.setFaults({});
    const handle = live.client.workflow.getHandle(id);
    const word = { round: 1, resolution: 'resend', actor: 'ann', reason: 'they have no trace of it' } as const;
    const early = { ...word, givenAt: Date.now() };
    const tooEarly = { cause: { message: expect.stringContaining('may still take effect') } };
    await expect(handle.executeUpdate(resolveUpdate, { args: [early] })).rejects.toMatchObject(tooEarly);
    await vi.waitFor(() => handle.executeUpdate(resolveUpdate, { args: [{ ...word, givenAt: Date.now() }] }), patience);
    await untilSettled([id]);
    expect(live.effects().get(id)).toBe(1);
    expect(await live.read(id)).toMatchObject({ round: 2, outcome: 'granted' });
  });

  it('retries stay on the owning side and can be watched in Temporal (P6)', async () => {
    await live.simulator.setFaults({ 503: 1 });
    const id = ownedBy('rocketmq');
    await live.publish({ messageId: id });
    const handle = live.client.workflow.getHandle(id);
    await vi.waitFor(async () => {
      const { raw, searchAttributes } = await handle.describe();
      expect(raw.pendingActivities?.[0]?.attempt).toBeGreaterThanOrEqual(3);
      expect(raw.pendingActivities?.[0]?.lastFailure?.message).toContain('503');
      expect(searchAttributes['HandoverState']).toEqual(['retrying']);
    }, patience);
    await live.simulator.setFaults({});
    await untilSettled([id]);
    expect(live.effects().get(id)).toBe(1);
    const { events } = await handle.fetchHistory();
    const scheduled = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.taskQueue?.name ?? []);
    expect(scheduled).toEqual([`handover-${live.migration.name}-rocketmq`]);
  });

  it('a message that reached one broker only is adopted by that side within 60 s (P2)', async () => {
    const halves = await Promise.all(
      SIDES.map((side) => live.publish({ messageId: ownedBy(otherSide(side)), sides: [side] })),
    );
    await untilSettled(halves, 60_000);
    expect(halves.map((id) => live.effects().get(id))).toEqual([1, 1]);
    for (const [index, side] of SIDES.entries()) {
      expect(await live.read(halves[index] as string)).toMatchObject({
        owner: side,
        reason: `adopted: ${otherSide(side)} is past it`,
      });
    }
  });

  it('the whitelist cuts a business ID over, whatever its bucket (P4)', async () => {
    await live.setPolicy('allow', { businessId: 'user-1' });
    const messageId = ownedBy('kafka');
    await live.publish({ messageId, businessId: 'user-1' });
    await untilSettled([messageId]);
    expect(await live.read(messageId)).toMatchObject({ owner: 'rocketmq', reason: 'whitelisted' });
    policy = await live.setPolicy('disallow', { businessId: 'user-1' });
  });

  it('lowering the percentage and switching off in mid-flow loses nothing and repeats nothing (P7)', async () => {
    const ids: string[] = [];
    const steps = [
      ['setPercentage', { hundredths: 10_000 }],
      ['setPercentage', { hundredths: 1_000 }],
      ['setConsumption', { consumption: 'off' }],
      ['setConsumption', { consumption: 'on' }],
    ] as const;
    for (const [update, value] of steps) {
      const batch = Array.from({ length: 15 }, () => live.publish());
      const changed = live.setPolicy(update, value);
      ids.push(...(await Promise.all(batch)));
      await changed;
    }
    await untilSettled(ids, 120_000);
    expect(ids.map((id) => live.effects().get(id))).toEqual(ids.map(() => 1));
    policy = await live.setPolicy('setPercentage', { hundredths: 5_000 });
  });

  it.each(SIDES)(
    'a %s worker killed with messages in flight loses nothing and repeats nothing (P1, P2, P3)',
    async (side) => {
      await live.simulator.setFaults({ slow: 0.5 });
      const publishing = Array.from({ length: 40 }, () => live.publish());
      const ids = await Promise.all(publishing);
      await vi.waitFor(() => expect(ids.some((id) => live.callsFor(id) > 0)).toBe(true), patience);
      await workers.get(side)?.kill();
      await live.simulator.setFaults({});
      workers.set(side, await live.startWorker(side));
      await vi.waitFor(
        async () => {
          const states = await live.ledger.states(ids);
          const ended = states.filter((state) => state === 'settled' || state === 'parked');
          expect(ended).toHaveLength(ids.length);
        },
        { timeout: 200_000, interval: 500 },
      );
      const effects = live.effects();
      const states = await live.ledger.states(ids);
      for (const [index, id] of ids.entries()) {
        expect(effects.get(id) ?? 0).toBeLessThanOrEqual(1);
        if (states[index] === 'settled') expect(effects.get(id)).toBe(1);
      }
      expect(states.filter((state) => state === 'settled').length).toBeGreaterThan(5);
    },
  );

  it('a worker that is told to stop drains, and ends with code 0', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => live.publish()));
    const codes = await Promise.all([...workers.values()].map((worker) => worker.stop()));
    expect(codes).toEqual([0, 0]);
    for (const worker of await Promise.all(SIDES.map((side) => live.startWorker(side))))
      workers.set(worker.side, worker);
    await untilSettled(ids, 120_000);
    expect(ids.map((id) => live.effects().get(id))).toEqual(ids.map(() => 1));
  });
});

it('starts from a policy in which the old side owns everything', () => {
  expect(decide(initialPolicy('2026-01-01T00:00:00Z'), { bucket: 1 }).owner).toBe('kafka');
});
