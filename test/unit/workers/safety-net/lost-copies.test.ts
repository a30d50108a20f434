import { describe, expect, it, vi } from 'vitest';
import type { CopyReading, Delivery } from '../../../../src/brokers/source.js';
import { HandoverError } from '../../../../src/domain/errors.js';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import { fingerprintOf } from '../../../../src/domain/message/bucket.js';
import type { KafkaPlace } from '../../../../src/domain/message/lost-delivery.js';
import { readMessage } from '../../../../src/domain/message/message.js';
import type { Side } from '../../../../src/domain/side.js';
import type { StartResult } from '../../../../src/intake/starter.js';
import { LostCopies, type LostCopiesOptions } from '../../../../src/workers/safety-net/lost-copies.js';

const CHECK_AFTER = 1_000;
const NOW = 1_000_000;
const BODY = Buffer.from('{"amount":5}');
/** What one process has with intake at most. */
const MOST_IN_HAND = 500;

const idOf = (n: number | bigint): string => `m-${n}`;

function recordOf(n: number, change: Partial<LedgerRecord> = {}): LedgerRecord {
  return {
    messageId: idOf(n),
    state: 'assigned',
    owner: 'rocketmq',
    reason: 'bucket 812 < 5000',
    policyVersion: 3,
    fingerprint: fingerprintOf(BODY),
    seen: { kafka: true, rocketmq: false },
    copies: { kafka: `kafka:rewards/0/${n}` },
    round: 0,
    attempt: 0,
    ...change,
  };
}

function deliveryOf(offset: bigint, change: { id?: string; body?: Buffer } = {}): Delivery {
  return {
    side: 'kafka',
    topic: 'rewards',
    coordinates: `kafka:rewards/0/${offset}`,
    properties: new Map([['id', change.id ?? idOf(offset)]]),
    key: undefined,
    body: change.body ?? BODY,
    storedAt: 0,
    receivedAt: 0,
  };
}

interface World {
  readonly records: readonly LedgerRecord[];
  readonly side?: Side;
  readonly committed?: bigint;
  readonly end?: bigint;
  readonly past?: number;
  readonly room?: number;
  readonly readable?: boolean;
  readonly readAt?: (place: KafkaPlace) => CopyReading;
  /** What taking a delivery comes to; by default its workflow is there afterwards. */
  readonly accept?: (take: { readonly started: () => void }) => Promise<void>;
  readonly overrides?: Partial<LostCopiesOptions>;
}

function createWorld(world: World) {
  const records = new Map(world.records.map((record) => [record.messageId, record]));
  const doubted = new Map(world.records.map(({ messageId }) => [messageId, NOW - CHECK_AFTER]));
  const workflows = new Set<string>();
  const told: string[] = [];
  const taken: Delivery[] = [];
  const biggest = { batch: 0 };
  const readAt = world.readAt ?? (({ offset }: KafkaPlace) => ({ delivery: deliveryOf(offset) }));
  const options: LostCopiesOptions = {
    side: world.side ?? 'kafka',
    topic: 'rewards',
    ledger: {
      now: async () => NOW,
      read: async (id) => {
        told.push('read the record');
        return records.get(id);
      },
      strand: async (id, _run, stranded) => {
        const record = records.get(id);
        if (record !== undefined) records.set(id, { ...record, stranded });
        return true;
      },
    },
    doubted: {
      async *oldest() {
        for (const [messageId, at] of [...doubted]) yield { messageId, at };
      },
      leave: async (_side, id) => doubted.delete(id),
    },
    sideStatus: { consumedUpTo: async () => world.past },
    starter: {
      check: async (id): Promise<StartResult> => {
        told.push('ask Temporal');
        return workflows.has(id) ? 'delivered' : 'with-broker';
      },
    },
    copies:
      world.readable === false
        ? undefined
        : {
            committed: async () => {
              told.push('ask the group');
              return new Map([[0, world.committed ?? 1_000_000n]]);
            },
            ends: async () => new Map([[0, world.end ?? 1_000_000n]]),
            read: async (places) => {
              biggest.batch = Math.max(biggest.batch, places.length);
              return places.map(readAt);
            },
          },
    read: ({ properties, body }) =>
      readMessage({ messageId: properties.get('id') }, body, { body: 'json', bodyBytes: 1_000 }),
    sink: {
      capacity: async () => world.room ?? 100,
      take: (deliveries) =>
        deliveries.map((delivery) => {
          taken.push(delivery);
          const id = delivery.properties.get('id') ?? '';
          const started = () => void workflows.add(id);
          return world.accept?.({ started }) ?? Promise.resolve().then(started);
        }),
    },
    checkAfterMs: CHECK_AFTER,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    ...world.overrides,
  };
  const shown = (): string[] => [...records.values()].flatMap(({ stranded }) => stranded ?? []);
  return { lost: new LostCopies(options), taken, shown, doubted, workflows, told, biggest, records };
}

describe('a message that was acknowledged and that nothing has (P2)', () => {
  it('is read again by its place and passes intake', async () => {
    const { lost, taken, shown, workflows, doubted } = createWorld({ records: [recordOf(41)] });
    await lost.look();
    expect(taken.map(({ coordinates }) => coordinates)).toEqual(['kafka:rewards/0/41']);
    expect([...workflows]).toEqual([idOf(41)]);
    expect(shown()).toEqual([]);
    expect(doubted.size).toBe(0);
  });

  it('is taken again although its workflow is open, where that waits for this very copy, and else not', async () => {
    const awaited = createWorld({ records: [recordOf(1, { owner: 'kafka' })] });
    awaited.workflows.add(idOf(1));
    await awaited.lost.look();
    expect(awaited.taken).toHaveLength(1);
    const others = createWorld({ records: [recordOf(1, { owner: 'rocketmq' })] });
    others.workflows.add(idOf(1));
    await others.lost.look();
    expect(others.taken).toEqual([]);
  });

  it('is judged by a position that was asked for before its record and its workflow', async () => {
    const { lost, told } = createWorld({ records: [recordOf(41)] });
    await lost.look();
    expect(told.slice(0, 3)).toEqual(['ask the group', 'read the record', 'ask Temporal']);
  });

  it.each<readonly [string, (place: KafkaPlace) => CopyReading, RegExp]>([
    ['the broker has it no more', () => ({ gone: 'the broker has deleted it' }), /the broker has deleted it/],
    ['another ID lies there', ({ offset }) => ({ delivery: deliveryOf(offset, { id: 'other' }) }), /another message/],
    [
      'another body lies there',
      ({ offset }) => ({ delivery: deliveryOf(offset, { body: Buffer.from('{"amount":6}') }) }),
      /another message/,
    ],
    [
      'nothing that is a message lies there',
      ({ offset }) => ({ delivery: { ...deliveryOf(offset), body: null } }),
      /another/,
    ],
  ])('is shown, and nothing is taken, where %s', async (_name, readAt, why) => {
    const { lost, taken, shown, doubted } = createWorld({ records: [recordOf(41)], readAt });
    await lost.look();
    expect(taken).toEqual([]);
    expect(shown()).toEqual([expect.stringMatching(why)]);
    expect(shown()[0]).toContain('kafka:rewards/0/41');
    expect(doubted.size).toBe(0);
  });

  it('is shown on rocketmq, where a copy cannot be read by its place', async () => {
    const record = recordOf(1, {
      seen: { kafka: false, rocketmq: true },
      copies: { rocketmq: 'rocketmq:rewards/b/0/7' },
    });
    const { lost, shown } = createWorld({
      records: [record],
      side: 'rocketmq',
      readable: false,
      past: NOW + CHECK_AFTER,
    });
    await lost.look();
    expect(shown()).toEqual([expect.stringContaining('rocketmq:rewards/b/0/7')]);
  });

  it('is shown if it was taken again and no workflow came of it, and not taken for ever', async () => {
    const { lost, taken, shown } = createWorld({ records: [recordOf(41)], accept: async () => undefined });
    await lost.look();
    await vi.waitFor(() => expect(shown()).toEqual([expect.stringMatching(/set aside/)]));
    await lost.look();
    expect(taken).toHaveLength(1);
  });
});

describe('what is in order is left alone', () => {
  it('a delivery that is in hand, however many there are, until its side has passed it', async () => {
    const records = Array.from({ length: 50 }, (_, n) => recordOf(n));
    const { lost, taken, shown, doubted } = createWorld({ records, committed: 25n });
    await lost.look();
    expect(taken).toHaveLength(25);
    expect(shown()).toEqual([]);
    expect(doubted.size).toBe(0);
  });

  it('a message that got a workflow, a holder or an outcome meanwhile', async () => {
    const records = [recordOf(1), recordOf(2, { state: 'claimed', run: 'r' }), recordOf(3, { state: 'settled' })];
    const { lost, taken, shown, workflows } = createWorld({ records });
    workflows.add(idOf(1));
    await lost.look();
    expect(taken).toEqual([]);
    expect(shown()).toEqual([]);
  });

  it('a record that cannot be read, and it hides none of the others', async () => {
    const records = [recordOf(1), recordOf(2)];
    const { lost, taken } = createWorld({
      records,
      overrides: {
        ledger: {
          now: async () => NOW,
          strand: async () => true,
          read: async (id) => {
            if (id === idOf(1)) throw new HandoverError('ledger-rejected', 'it is not one of the ledger');
            return records[1];
          },
        },
      },
    });
    await lost.look();
    expect(taken.map(({ coordinates }) => coordinates)).toEqual(['kafka:rewards/0/2']);
  });

  it('what lay in a topic that was made anew since is shown, although the new one has not come that far', async () => {
    const { lost, shown, taken, doubted } = createWorld({
      records: [recordOf(500), recordOf(20)],
      committed: 10n,
      end: 30n,
      readAt: () => ({ gone: 'the broker has deleted it' }),
    });
    await lost.look();
    expect(taken).toEqual([]);
    expect(shown()).toEqual([expect.stringContaining('kafka had it (kafka:rewards/0/500)')]);
    expect(doubted.size).toBe(0);
  });

  it('while Kafka does not tell how far its group is, nobody is told anything', async () => {
    const away = async () => Promise.reject(new HandoverError('broker-unavailable', 'Kafka is away'));
    const { lost, shown, doubted } = createWorld({
      records: [recordOf(1)],
      overrides: { copies: { committed: away, ends: away, read: away } },
    });
    await expect(lost.look()).rejects.toThrow('Kafka is away');
    expect(shown()).toEqual([]);
    expect(doubted.size).toBe(1);
  });
});

describe('a great many at once', () => {
  it('ten times what one look takes are all brought back, no more at a time than intake has room for', async () => {
    const records = Array.from({ length: 10 * MOST_IN_HAND }, (_, n) => recordOf(n));
    const { lost, workflows, biggest, taken } = createWorld({ records, room: 7 });
    for (let looks = 0; looks < 10; looks += 1) await lost.look();
    expect(workflows.size).toBe(records.length);
    expect(taken).toHaveLength(records.length);
    expect(biggest.batch).toBe(7);
  });

  it('what intake never accepts is not taken twice, and what is beyond the bound stays doubted', async () => {
    const records = Array.from({ length: 10 * MOST_IN_HAND }, (_, n) => recordOf(n));
    const { lost, taken, doubted } = createWorld({ records, accept: () => new Promise(() => undefined) });
    for (let looks = 0; looks < 3; looks += 1) await lost.look();
    expect(taken).toHaveLength(MOST_IN_HAND);
    expect(doubted.size).toBe(records.length - MOST_IN_HAND);
  });

  it('what intake turns away is doubted again by a sweeper, and taken then', async () => {
    const { lost, taken, doubted } = createWorld({
      records: [recordOf(1)],
      accept: () => Promise.reject(new Error('intake is stopping')),
    });
    await lost.look();
    doubted.set(idOf(1), NOW - CHECK_AFTER);
    await vi.waitFor(async () => {
      await lost.look();
      expect(taken).toHaveLength(2);
    });
  });
});
