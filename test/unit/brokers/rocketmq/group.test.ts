import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RocketmqPast } from '../../../../src/brokers/rocketmq/progress.js';
import type { OthersHolding } from '../../../../src/domain/message/holding.js';

const INVISIBILITY = 15_000;
const LONG_POLL = 5_000;
const TICK = 500;
const TELLS_EVERY = 1_000;

interface Stored {
  readonly storedAt: number;
  visibleAt: number;
  handedOut: number;
  accepted: boolean;
}

/** A broker with one queue that hands out in order, and again, some time after the invisibility time has gone by. */
class FakeBroker {
  readonly messages: Stored[] = [];
  readonly #revival: number;

  constructor(revival: number) {
    this.#revival = revival;
  }

  publish(now: number): void {
    this.messages.push({ storedAt: now, visibleAt: now, handedOut: 0, accepted: false });
  }

  pop(now: number): Stored | undefined {
    const next = this.messages.find(({ visibleAt, accepted }) => !accepted && visibleAt <= now);
    if (next === undefined) return undefined;
    next.handedOut += 1;
    this.keep(next, now);
    return next;
  }

  keep(message: Stored, now: number): void {
    message.visibleAt = now + INVISIBILITY + this.#revival;
  }
}

/** What the processes of the side have told, in Redis. */
type Board = Map<number, OthersHolding>;

class FakeProcess {
  readonly past = new RocketmqPast(INVISIBILITY);
  value: number | undefined;
  #leases: { message: Stored; askedAt: number; firstTime: boolean; acceptedAt: number; takenAs: number }[] = [];
  #pollStartedAt: number | undefined;
  #pollEnded: () => void = () => undefined;
  #tellsAt = 0;
  #keepsAt = 0;

  readonly id: number;
  readonly broker: FakeBroker;
  readonly board: Board;
  readonly worksFor: () => number;

  constructor(id: number, broker: FakeBroker, board: Board, worksFor: () => number) {
    this.id = id;
    this.broker = broker;
    this.board = board;
    this.worksFor = worksFor;
    this.past.route(['a/0']);
  }

  tick(now: number): void {
    this.#poll(now);
    this.#work(now);
    if (now < this.#tellsAt) return;
    this.#tellsAt = now + TELLS_EVERY;
    this.board.set(this.id, { ...this.past.holding(this.#heldSince), at: now });
    const others = [...this.board].filter(([id]) => id !== this.id).map(([, told]) => told);
    this.value = this.past.value(now, this.#heldSince, others);
  }

  get #heldSince(): number | undefined {
    if (this.#leases.some(({ firstTime }) => !firstTime)) return 0;
    return this.#leases[0]?.askedAt;
  }

  #poll(now: number): void {
    if (this.#pollStartedAt === undefined) {
      this.#pollStartedAt = now;
      this.#pollEnded = this.past.pollBegan(now);
    }
    const askedAt = this.#pollStartedAt;
    // One that was stopped meanwhile finds its poll long over; the broker has not kept it.
    if (now - askedAt > LONG_POLL + 500) {
      this.#endPoll();
      return;
    }
    const message = this.broker.pop(now);
    if (message !== undefined) {
      const firstTime = message.handedOut === 1;
      this.#leases.push({ message, askedAt, firstTime, acceptedAt: now + this.worksFor(), takenAs: message.handedOut });
      if (firstTime) this.past.handedOut('a/0', message.storedAt, now);
      this.#endPoll();
    } else if (now - askedAt >= LONG_POLL) {
      this.past.foundEmpty('a', askedAt, now);
      this.#endPoll();
    }
  }

  #endPoll(): void {
    this.#pollEnded();
    this.#pollStartedAt = undefined;
  }

  #work(now: number): void {
    for (const { message, acceptedAt } of this.#leases) if (acceptedAt <= now) message.accepted = true;
    this.#leases = this.#leases.filter(({ acceptedAt }) => acceptedAt > now);
    if (now < this.#keepsAt) return;
    this.#keepsAt = now + INVISIBILITY / 3;
    for (const { message, takenAs } of this.#leases) {
      if (message.handedOut === takenAs) this.broker.keep(message, now);
      else this.past.gaveBack(now);
    }
  }
}

type Fate = 'killed' | 'stopped' | 'goes on' | 'joins';

interface Course {
  readonly processes: number;
  readonly revival: number;
  readonly works: readonly number[];
  readonly publishes: readonly number[];
  readonly fates: readonly { readonly at: number; readonly of: number; readonly fate: Fate }[];
}

/** Runs the group, and judges at every moment what each process takes for past. */
function run({ processes, revival, works, publishes, fates }: Course, lasts: number) {
  const broker = new FakeBroker(revival);
  const board: Board = new Map();
  let drawn = 0;
  const worksFor = () => works[drawn++ % works.length] ?? 0;
  const join = () => new FakeProcess(group.length, broker, board, worksFor);
  const group: FakeProcess[] = [];
  for (let count = 0; count < processes; count += 1) group.push(join());
  const idle = new Set<number>();
  const dead = new Set<number>();
  const judged = new Map<number, number>();
  for (let now = 0; now <= lasts; now += TICK) {
    if (publishes.some((at) => at >= now && at < now + TICK)) broker.publish(now);
    for (const { at, of, fate } of fates) {
      if (at < now || at >= now + TICK) continue;
      const index = of % group.length;
      if (fate === 'joins') group.push(join());
      if (fate === 'killed') dead.add(index);
      if (fate === 'stopped') idle.add(index);
      if (fate === 'goes on') idle.delete(index);
    }
    for (const [index, process] of group.entries()) {
      if (idle.has(index) || dead.has(index)) continue;
      process.tick(now);
      const { value } = process;
      if (value === undefined || value === judged.get(index)) continue;
      judged.set(index, value);
      expect(value).toBeLessThanOrEqual(now);
      const taken = broker.messages.filter(({ storedAt, accepted }) => storedAt <= value && !accepted);
      expect(taken, `at ${now}, process ${index} takes ${value} for past`).toEqual([]);
    }
  }
  return {
    group,
    broker,
    values: group.filter((_, index) => !idle.has(index) && !dead.has(index)).map((p) => p.value),
  };
}

const calm: Course = { processes: 2, revival: 2_000, works: [0], publishes: [], fates: [] };

describe('what the processes of a RocketMQ group together take for past', () => {
  it('does not pass what another one holds, and does once that is accepted', () => {
    const holdsLong = { ...calm, publishes: [1_000], works: [60_000] };
    const { values } = run(holdsLong, 60_000);
    for (const value of values) expect(value ?? 0).toBeLessThan(1_000);
    for (const value of run(holdsLong, 120_000).values) expect(value).toBeGreaterThan(60_000);
  });

  it('counts one that died without a word until what it held has come again, and then no longer', () => {
    const killed: Course = {
      ...calm,
      publishes: [1_000, 1_500],
      works: [30_000, 30_000],
      fates: [{ at: 8_000, of: 0, fate: 'killed' }],
    };
    const { broker, values } = run(killed, 180_000);
    expect(broker.messages.every(({ accepted }) => accepted)).toBe(true);
    expect(Math.max(...values.map((value) => value ?? 0))).toBeGreaterThan(120_000);
  });

  it('is not passed by one that hung and goes on with what others were given meanwhile', () => {
    const hung: Course = {
      ...calm,
      publishes: [1_000, 2_000, 30_000],
      works: [20_000, 50_000, 5_000],
      fates: [
        { at: 3_000, of: 0, fate: 'stopped' },
        { at: 43_000, of: 0, fate: 'goes on' },
      ],
    };
    for (const value of run(hung, 240_000).values) expect(value).toBeGreaterThan(150_000);
  });

  it('goes on with one that comes back under another name, and with newcomers', () => {
    const restarted: Course = {
      ...calm,
      processes: 1,
      publishes: [1_000, 2_000, 40_000],
      works: [10_000],
      fates: [
        { at: 3_000, of: 0, fate: 'killed' },
        { at: 4_000, of: 0, fate: 'joins' },
        { at: 50_000, of: 0, fate: 'joins' },
      ],
    };
    for (const value of run(restarted, 180_000).values) expect(value).toBeGreaterThan(120_000);
  });

  it('goes on with ten processes that all have something in their hands', () => {
    const publishes = Array.from({ length: 400 }, (_, index) => index * 250);
    const { values } = run({ ...calm, processes: 10, publishes, works: [500, 3_000, 12_000] }, 180_000);
    for (const value of values) expect(value).toBeGreaterThan(120_000);
  });

  it('is never what has not been accepted, whatever happens to its processes, one after the other or at once', () => {
    const time = fc.integer({ min: 0, max: 150_000 });
    const anyCourse = fc.record({
      processes: fc.integer({ min: 1, max: 10 }),
      revival: fc.integer({ min: 0, max: 4_000 }),
      works: fc.array(fc.constantFrom(0, 500, 4_000, 20_000, 70_000), { minLength: 1 }),
      publishes: fc.array(time, { maxLength: 40 }),
      fates: fc.array(
        fc.record({ at: time, of: fc.nat(9), fate: fc.constantFrom<Fate>('killed', 'stopped', 'goes on', 'joins') }),
        { maxLength: 12 },
      ),
    });
    fc.assert(
      fc.property(anyCourse, (course) => {
        run(course, 200_000);
      }),
      { numRuns: 60 },
    );
  });
});
