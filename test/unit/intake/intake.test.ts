import { ServiceError } from '@temporalio/client';
import { describe, expect, it, vi } from 'vitest';
import type { Delivery } from '../../../src/brokers/source.js';
import { HandoverError } from '../../../src/domain/errors.js';
import { STAMPS } from '../../../src/domain/message/message.js';
import { decide, initialPolicy, type Policy } from '../../../src/domain/policy/policy.js';
import { BEFORE_START } from '../../../src/domain/policy/start.js';
import { otherSide, SIDES, type Side } from '../../../src/domain/side.js';
import type { IntakeDependencies } from '../../../src/intake/dependencies.js';
import { InHand } from '../../../src/intake/in-hand.js';
import { Intake } from '../../../src/intake/intake.js';
import type { RoutedMessage, StartResult } from '../../../src/intake/starter.js';
import type { OwnerProgress, RouteRequest } from '../../../src/ledger/ledger.js';
import type { RouteVerdict } from '../../../src/ledger/verdicts.js';

const mine = { verdict: 'process', owner: 'kafka', reason: 'switch off', policyVersion: 1 } as const;
const theirs = { verdict: 'wait', owner: 'rocketmq', reason: 'whitelisted', policyVersion: 1 } as const;
const away = new HandoverError('ledger-unavailable', 'Redis gave no answer');

let offset = 0;
function delivery(change: { id?: string | null; body?: string | null } = {}): Delivery {
  const { id = `m-${offset}`, body = '{"amount":5}' } = change;
  offset += 1;
  return {
    side: 'kafka',
    topic: 'rewards',
    coordinates: `kafka:rewards/0/${offset}`,
    properties: new Map(id === null ? [] : [[STAMPS.messageId, id]]),
    key: undefined,
    body: body === null ? null : Buffer.from(body),
    storedAt: Date.now(),
    receivedAt: Date.now(),
  };
}

interface Setting {
  readonly route?: (request: RouteRequest) => RouteVerdict;
  readonly progress?: () => OwnerProgress;
  readonly start?: (routed: RoutedMessage) => Promise<StartResult>;
  readonly overrides?: Partial<IntakeDependencies>;
  readonly inFlight?: number;
  readonly rules?: Partial<IntakeDependencies['rules']>;
  readonly policy?: Policy;
  readonly lingerMs?: number;
}

function createIntake(setting: Setting = {}) {
  const seen = {
    started: [] as RoutedMessage[],
    dead: [] as string[],
    indexed: [] as string[],
    stranded: [] as string[][],
    routed: [] as RouteRequest[][],
  };
  const policy = setting.policy ?? initialPolicy('2026-01-01T00:00:00Z');
  const known = {
    policy,
    validUntil: 10_000,
    decide: (input: Parameters<typeof decide>[1]) => decide(policy, input),
  };
  const deps: IntakeDependencies = {
    side: 'kafka',
    rules: {
      migration: 'rewards',
      cutoverKey: 'messageId',
      extract: ({ properties }) => ({ messageId: properties.get(STAMPS.messageId) }),
      body: 'json',
      bodyBytes: 1_000,
      inFlight: setting.inFlight ?? 32,
      lingerMs: setting.lingerMs ?? 250,
      lingering: 10,
      held: 10,
      checkAfterMs: 60_000,
      memoryMs: 1_000_000,
      witnessMs: 500_000,
      surelyWitnessedMs: 400_000,
    },
    ledgerIsWhole: async () => true,
    recovery: { isUnderWay: () => false, onEnd: () => undefined },
    ledger: {
      route: async (requests) => {
        seen.routed.push([...requests]);
        return requests.map((request) => setting.route?.(request) ?? mine);
      },
      ownerProgress: async (ids) => ids.map(() => setting.progress?.() ?? 'unseen'),
      index: async (ids) => void seen.indexed.push(...ids),
      strand: async (messageId, run, why) => seen.stranded.push([messageId, run, why]) > 0,
    },
    policy: {
      current: () => known,
      whenKnown: async () => known,
      refresh: async () => undefined,
      redisNow: () => Date.now(),
      holds: [],
    } as never,
    otherSideLives: () => true,
    throttle: { holding: false, onRelease: () => undefined, enter: async () => true },
    ownerIsPast: () => false,
    starter: {
      start: async (routed) => {
        seen.started.push(routed);
        return (await setting.start?.(routed)) ?? 'started';
      },
      check: async () => 'delivered',
    },
    inHand: new InHand(),
    deadLetters: { send: async (_delivery, reason) => void seen.dead.push(reason) },
    keeper: { keep: async () => 'not expected' },
    deadLetterIndex: { add: async () => undefined } as never,
    observer: { routed: () => undefined, accepted: () => undefined, deadLettered: () => undefined },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    ...setting.overrides,
  };
  // Kept as they are given, getters and all.
  Object.defineProperties(deps.rules, Object.getOwnPropertyDescriptors(setting.rules ?? {}));
  return { intake: new Intake(deps), ...seen };
}

const settled = (promises: readonly Promise<void>[]) => Promise.allSettled(promises);

describe('a ledger record that cannot be read', () => {
  it('has its own delivery set aside for a person, and the rest of the batch goes on', async () => {
    const { intake, dead, started } = createIntake({
      route: ({ messageId }) => (messageId === 'b' ? { verdict: 'unreadable', why: 'junk' } : mine),
    });
    await Promise.all(intake.take(['a', 'b', 'c'].map((id) => delivery({ id }))));
    expect(dead).toEqual(['record-unreadable']);
    expect(started.map(({ message }) => message.messageId)).toEqual(['a', 'c']);
    expect(intake.holds).toEqual([]);
  });
});

describe('intake starts no more than is worked off', () => {
  it('a message that was started eagerly keeps its place until its attempt has ended', async () => {
    const inHand = new InHand();
    const { intake } = createIntake({ start: async () => 'started-eagerly', overrides: { inHand }, inFlight: 1 });
    await Promise.all(intake.take([delivery({ id: 'a' })]));
    expect(intake.inFlight).toBe(1);
    inHand.leave('a');
    await vi.waitFor(() => expect(intake.inFlight).toBe(0));
  });

  it('one that was not is in other hands, and keeps none', async () => {
    for (const result of ['started', 'delivered', 'completed'] as const) {
      const { intake } = createIntake({ start: async () => result });
      await Promise.all(intake.take([delivery()]));
      expect(intake.inFlight).toBe(0);
    }
  });
});

describe('a delivery is accepted only once something durable has it', () => {
  it('mine and new: after the workflow is started and the age index has it', async () => {
    let release: (() => void) | undefined;
    const { intake, indexed } = createIntake({
      start: () => new Promise((resolve) => (release = () => resolve('started'))),
    });
    let accepted = false;
    const [promise] = intake.take([delivery({ id: 'a' })]);
    void promise?.then(() => (accepted = true));
    await vi.waitFor(() => expect(release).toBeDefined());
    expect(accepted).toBe(false);
    expect(new Set(indexed)).toEqual(new Set(['a']));
    release?.();
    await promise;
  });

  it('the age index has it before its workflow is started, so that whoever finds that may rely on both', async () => {
    let enter: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const ledger = {
      route: async () => [mine],
      ownerProgress: async () => ['unseen' as const],
      index: () => entered,
      strand: async () => false,
    };
    const { intake, started } = createIntake({ overrides: { ledger } });
    const taken = intake.take([delivery({ id: 'a' })]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual([]);
    enter();
    await Promise.all(taken);
    expect(started).toHaveLength(1);
  });

  it('durable elsewhere: at once, without a workflow', async () => {
    const { intake, started } = createIntake({
      route: () => ({ verdict: 'done', owner: 'kafka', reason: 'switch off' }),
    });
    await Promise.all(intake.take([delivery()]));
    expect(started).toEqual([]);
  });

  it("the other side's: once that has claimed it, without a workflow of its own", async () => {
    let progress: OwnerProgress = 'seen';
    const { intake, started } = createIntake({ route: () => theirs, progress: () => progress });
    const [promise] = intake.take([delivery()]);
    expect(intake.inFlight).toBe(1);
    await vi.waitFor(() => expect(intake.census.lingering).toBe(1));
    expect(intake.inFlight).toBe(0);
    progress = 'claimed';
    await promise;
    expect(started).toEqual([]);
  });

  it("the other side's, not claimed within the linger: as a waiting workflow", async () => {
    const { intake, started } = createIntake({ route: () => theirs });
    await Promise.all(intake.take([delivery()]));
    expect(started).toMatchObject([{ decision: { owner: 'rocketmq' } }]);
  });

  it("the other side's, which has it in hand but is busy: after more patience", async () => {
    const { intake, started } = createIntake({ route: () => theirs, progress: () => 'seen', lingerMs: 40 });
    const began = performance.now();
    await Promise.all(intake.take([delivery()]));
    expect(started).toHaveLength(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(400);
  });

  it("the other side's, and that shows no life: as a waiting workflow without lingering", async () => {
    const { intake, started } = createIntake({ route: () => theirs, overrides: { otherSideLives: () => false } });
    const [promise] = intake.take([delivery()]);
    await vi.waitFor(() => expect(started).toHaveLength(1), { timeout: 200 });
    await promise;
  });
});

describe('what was published before the start', () => {
  const at = '2026-11-23T05:00:00.000Z';
  const start = { at, marginMs: 5_000, positions: { 0: '100' } };
  const policy: Policy = { ...initialPolicy(at), consumption: 'on', hundredths: 10_000, start };
  const arriving = (side: Side, storedAt: number, given = 150): Delivery => ({
    ...delivery(),
    side,
    coordinates: `${side}:rewards/0/${given}`,
    storedAt,
  });
  const of = (side: Side, setting: Setting) => createIntake({ policy, ...setting, overrides: { side } });

  it('is owned by kafka, whatever the policy says of what is new', async () => {
    const { intake, routed } = of('kafka', {});
    const times = [4_999, 5_000].map((after) => Date.parse(at) + after);
    await Promise.all(intake.take(times.map((time) => arriving('kafka', time))));
    expect(routed.flat()).toMatchObject([
      { decision: { owner: 'kafka', reason: BEFORE_START }, beforeStart: false },
      { decision: { owner: 'rocketmq' }, beforeStart: false },
    ]);
  });

  it('is acknowledged by rocketmq without a workflow where nobody knows it', async () => {
    const { intake, routed, started, dead } = of('rocketmq', { route: () => ({ verdict: 'before-start' }) });
    await Promise.all(intake.take([arriving('rocketmq', Date.parse(at) - 1)]));
    expect(routed.flat()).toMatchObject([{ beforeStart: true }]);
    expect([started, dead]).toEqual([[], []]);
  });

  it.each([
    ['known by its own time', 'switch off', -1],
    ["known by the record's reason", BEFORE_START, 60_000],
  ])('is not waited for by rocketmq where kafka has it, and is counted as what it is: %s', async (_, reason, after) => {
    const counted: string[] = [];
    const observer = {
      routed: (verdict: string) => void counted.push(verdict),
      accepted: () => undefined,
      deadLettered: () => undefined,
    };
    const { intake, started } = createIntake({
      policy,
      route: () => ({ verdict: 'wait', owner: 'kafka', reason, policyVersion: 1 }),
      overrides: { side: 'rocketmq', observer },
    });
    await Promise.all(intake.take([arriving('rocketmq', Date.parse(at) + after)]));
    expect(started).toEqual([]);
    expect(counted).toEqual(['before-start']);
  });

  it('below the positions was left to the consumer before, and is acknowledged on kafka too', async () => {
    const { intake, routed } = of('kafka', { route: () => ({ verdict: 'before-start' }) });
    await Promise.all(intake.take([99, 100].map((offset) => arriving('kafka', Date.parse(at) - 1, offset))));
    expect(routed.flat().map(({ beforeStart }) => beforeStart)).toEqual([true, false]);
  });
});

describe('too many waiting messages', () => {
  function fullThrottle() {
    let release: () => void = () => undefined;
    const throttle = {
      holding: false,
      onRelease: (listener: () => void): void => {
        release = listener;
      },
      enter: async (): Promise<boolean> => {
        throttle.holding = true;
        return false;
      },
      release: () => {
        throttle.holding = false;
        release();
      },
    };
    return throttle;
  }

  it('leave a delivery unaccepted without a place, and let it go the way that is right by then', async () => {
    const throttle = fullThrottle();
    const answers: RouteVerdict[] = [theirs, { verdict: 'done', owner: 'rocketmq', reason: 'whitelisted' }];
    const { intake, started } = createIntake({
      route: () => answers.shift() ?? mine,
      overrides: { throttle, otherSideLives: () => false },
    });
    let accepted = false;
    const [promise] = intake.take([delivery()]);
    void promise?.then(() => (accepted = true));
    await vi.waitFor(() => expect(intake.census.held).toBe(1));
    expect([accepted, intake.inFlight]).toEqual([false, 0]);
    throttle.release();
    await promise;
    expect(started).toEqual([]);
    expect(answers).toEqual([]);
  });

  it("do not hold this side's own messages: those are fetched and started until memory is full of what is held", async () => {
    const throttle = fullThrottle();
    const { intake, started } = createIntake({
      route: ({ messageId }) => (messageId.startsWith('theirs') ? theirs : mine),
      overrides: { throttle, otherSideLives: () => false },
      inFlight: 2,
      rules: { lingering: 1, held: 3 },
    });
    const held = [...intake.take([delivery({ id: 'theirs-1' }), delivery({ id: 'theirs-2' })])];
    await vi.waitFor(() => expect(intake.census.held).toBe(2));
    for (const id of ['mine-1', 'mine-2', 'mine-3']) {
      expect(await intake.capacity(new AbortController().signal)).toBe(2);
      await Promise.all(intake.take([delivery({ id })]));
    }
    expect(started.map(({ message }) => message.messageId)).toEqual(['mine-1', 'mine-2', 'mine-3']);
    held.push(...intake.take(['theirs-3', 'theirs-4', 'theirs-5', 'theirs-6'].map((id) => delivery({ id }))));
    await vi.waitFor(() => expect(intake.census.held).toBe(6));
    let offered = false;
    void intake.capacity(new AbortController().signal).then(() => (offered = true));
    await new Promise(setImmediate);
    expect(offered).toBe(false);
    throttle.enter = async () => true;
    throttle.release();
    await Promise.all(held);
    await vi.waitFor(() => expect(offered).toBe(true));
  });

  it('let one go that its owner claims while it is held', async () => {
    let progress: OwnerProgress = 'unseen';
    const { intake, started } = createIntake({
      route: () => theirs,
      progress: () => progress,
      overrides: { throttle: fullThrottle(), otherSideLives: () => false },
    });
    const taken = intake.take([delivery()]);
    await vi.waitFor(() => expect(intake.census.held).toBe(1));
    progress = 'claimed';
    await Promise.all(taken);
    expect(started).toEqual([]);
  });

  it('do not stop one whose owner is proved past it, as its run adopts it at once and waits for nobody', async () => {
    let past = false;
    const throttle = fullThrottle();
    const { intake, started } = createIntake({
      route: () => theirs,
      overrides: { throttle, otherSideLives: () => false, ownerIsPast: () => past },
    });
    const taken = intake.take([delivery()]);
    await vi.waitFor(() => expect(intake.census.held).toBe(1));
    past = true;
    await Promise.all(taken);
    await Promise.all(intake.take([delivery()]));
    expect(throttle.holding).toBe(true);
    expect(started).toHaveLength(2);
  });

  it('a message tells its run by when its broker had stored it, in Redis time, whatever its receipt was', async () => {
    const aheadMs = 3_600_000;
    const policy = initialPolicy('2026-01-01T00:00:00Z');
    const known = { policy, validUntil: 10_000, decide: () => mine };
    const { intake, started } = createIntake({
      overrides: {
        policy: {
          current: () => known,
          whenKnown: async () => known,
          refresh: async () => undefined,
          redisNow: () => Date.now() + aheadMs,
          holds: [],
        } as never,
      },
      rules: { memoryMs: 1e9, witnessMs: 1e9 },
    });
    const bare = delivery();
    const backlog = { ...delivery(), brokerTime: { after: bare.receivedAt - 90_000, by: bare.receivedAt - 60_000 } };
    await Promise.all(intake.take([backlog, bare]));
    const [first, second] = started;
    expect(first?.storedBy).toBeGreaterThanOrEqual(bare.receivedAt + aheadMs - 60_001);
    expect(first?.storedBy).toBeLessThanOrEqual((first?.receivedAt ?? 0) - 60_000 + 1);
    expect(second).not.toHaveProperty('storedBy');
  });

  it('stop one whose owner is proved past it where the policy keeps this side from adopting', async () => {
    const { intake } = createIntake({
      route: () => ({ ...theirs, owner: 'kafka' }),
      overrides: { side: 'rocketmq', throttle: fullThrottle(), otherSideLives: () => false, ownerIsPast: () => true },
    });
    void settled(intake.take([delivery()]));
    await vi.waitFor(() => expect(intake.census.held).toBe(1));
    intake.stop();
  });

  it('are turned away with the rest when intake stops', async () => {
    const { intake } = createIntake({
      route: () => theirs,
      overrides: { throttle: fullThrottle(), otherSideLives: () => false },
    });
    const taken = intake.take([delivery()]);
    await vi.waitFor(() => expect(intake.census.held).toBe(1));
    intake.stop();
    expect((await settled(taken)).map(({ status }) => status)).toEqual(['rejected']);
  });
});

describe('a delivery that its source withdraws', () => {
  it('gives back at once what it holds, is not accepted, and leaves no listener on the signal that many share', async () => {
    const { intake } = createIntake({ route: () => theirs, inFlight: 1, lingerMs: 60_000, rules: { lingering: 1 } });
    const partition = new AbortController();
    const add = vi.spyOn(partition.signal, 'addEventListener');
    const remove = vi.spyOn(partition.signal, 'removeEventListener');
    const lost = intake.take([1, 2, 3].map(() => ({ ...delivery(), withdrawn: partition.signal })));
    const other = intake.take([delivery()]);
    await vi.waitFor(() => expect(intake.census).toMatchObject({ lingering: 1, queued: 3 }));
    partition.abort();
    expect((await settled(lost)).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(intake.census).toMatchObject({ lingering: 1, queued: 0 });
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([1, 0]);
    intake.stop();
    expect((await settled(other)).map(({ status }) => status)).toEqual(['rejected']);
  });

  it('is not started where that has not begun, and keeps its place only while a call is on its way', async () => {
    let answer: () => void = () => undefined;
    const { intake, started } = createIntake({
      overrides: {
        ledger: {
          route: async (requests) => {
            await new Promise<void>((resolve) => (answer = resolve));
            return requests.map(() => mine);
          },
          ownerProgress: async () => [],
          index: async () => undefined,
          strand: async () => false,
        },
      },
    });
    const partition = new AbortController();
    const lost = intake.take([{ ...delivery(), withdrawn: partition.signal }]);
    await new Promise(setImmediate);
    partition.abort();
    expect((await settled(lost)).map(({ status }) => status)).toEqual(['rejected']);
    expect(intake.inFlight).toBe(1);
    answer();
    await vi.waitFor(() => expect(intake.inFlight).toBe(0));
    expect(started).toEqual([]);
  });

  it('leaves no listener behind once it is accepted', async () => {
    const { intake } = createIntake();
    const partition = new AbortController();
    const remove = vi.spyOn(partition.signal, 'removeEventListener');
    await Promise.all(intake.take([delivery(), delivery()].map((one) => ({ ...one, withdrawn: partition.signal }))));
    await vi.waitFor(() => expect(remove).toHaveBeenCalledTimes(1));
  });

  it('no longer waits for a dependency that is away', async () => {
    const { intake } = createIntake({ start: () => Promise.reject(new Error('Temporal is away')) });
    const partition = new AbortController();
    const lost = intake.take([{ ...delivery(), withdrawn: partition.signal }]);
    await vi.waitFor(() => expect(intake.holds).not.toEqual([]));
    partition.abort();
    await settled(lost);
    await vi.waitFor(() => expect([intake.holds, intake.inFlight]).toEqual([[], 0]));
  });
});

describe('a delivery from beyond the memory of the ledger', () => {
  const now = Date.now();
  it.each([
    ['an old one', now - 1_000_001, true],
    ['a new one', now, false],
    ['time 0', 0, false],
    ['time -1', -1, false],
    ['a time in seconds', Math.floor(now / 1_000), false],
    ['the far future', now + 1e12, false],
    ['no time at all', Number.NaN, false],
  ])('%s', async (_, storedAt, expected) => {
    for (const side of SIDES) {
      const { intake, routed, dead } = createIntake({
        route: ({ beyondMemory }) =>
          beyondMemory ? { verdict: 'too-old' } : { verdict: 'done', owner: otherSide(side), reason: 'switch off' },
        overrides: { side },
      });
      await Promise.all(intake.take([{ ...delivery(), side, storedAt }]));
      expect(routed.flat()[0]?.beyondMemory).toBe(expected);
      expect(dead).toEqual(expected ? ['too-old'] : []);
    }
  });
});

describe('bad input is dead-lettered with its reason, and blocks nothing', () => {
  it.each([
    ['missing-id', delivery({ id: null })],
    ['malformed-id', delivery({ id: 'no spaces allowed' })],
    ['malformed-id', delivery({ id: 'handover-rewards' })],
    ['empty', delivery({ body: null })],
    ['too-large', delivery({ body: `"${'x'.repeat(1_000)}"` })],
    ['undecodable', delivery({ body: '{"amount":' })],
    ['undecodable', { ...delivery(), damaged: 'the digest does not match' }],
  ])('%s', async (reason, bad) => {
    const { intake, dead, started } = createIntake();
    await Promise.all(intake.take([delivery(), bad, delivery()]));
    expect(dead).toEqual([reason]);
    expect(started).toHaveLength(2);
  });

  it('a reused ID, a taken one and one from beyond memory', async () => {
    const answers: RouteVerdict[] = [{ verdict: 'id-reused' }, { verdict: 'too-old' }, mine];
    const { intake, dead } = createIntake({ route: () => answers.shift() ?? mine, start: async () => 'id-taken' });
    await Promise.all(intake.take([delivery(), delivery(), delivery()]));
    expect(dead).toEqual(['id-reused', 'too-old', 'id-taken']);
  });

  it('one whose body was not made whole, as it is too large', async () => {
    const { intake, dead, routed } = createIntake();
    await Promise.all(intake.take([{ ...delivery({ id: 'a' }), tooLarge: { bytes: 67_108_864 } }]));
    expect(dead).toEqual(['too-large']);
    expect(routed).toEqual([]);
  });

  it('one that Temporal refuses for itself, and its record tells a person; the next one is started', async () => {
    const cause = Object.assign(new Error('Blob data size exceeds limit.'), { code: 3 });
    const refusal = new ServiceError('Failed to start Workflow', { cause });
    const start = async ({ message: { messageId } }: RoutedMessage): Promise<StartResult> => {
      if (messageId === 'a') throw refusal;
      return 'started';
    };
    const { intake, dead, stranded, started } = createIntake({ start });
    await Promise.all(intake.take([delivery({ id: 'a' }), delivery({ id: 'b' })]));
    expect(dead).toEqual(['temporal-refuses']);
    expect(stranded).toEqual([['a', '', 'Temporal refuses its workflow: Blob data size exceeds limit.']]);
    expect(started).toHaveLength(2);
    expect(intake.holds).toEqual([]);
  });

  it('none that Temporal refuses for what concerns all: intake holds, in the server’s words, and goes on', async () => {
    const words = 'Namespace default has no mapping defined for search attribute HandoverOwner';
    let refuses = true;
    const { intake, dead, started } = createIntake({
      async start() {
        if (refuses)
          throw new ServiceError('Failed to start Workflow', { cause: Object.assign(new Error(words), { code: 3 }) });
        return 'started';
      },
    });
    const taken = intake.take([delivery({ id: 'a' })]);
    await vi.waitFor(() =>
      expect(intake.holds).toEqual([{ what: `temporal: Failed to start Workflow: ${words}`, dependency: 'temporal' }]),
    );
    refuses = false;
    await Promise.all(taken);
    expect(dead).toEqual([]);
    expect(started.length).toBeGreaterThan(1);
  });

  it('an extractor that throws stops nothing', async () => {
    const { intake, dead } = createIntake();
    const broken = { ...delivery(), properties: undefined } as unknown as Delivery;
    await Promise.all(intake.take([broken]));
    expect(dead).toEqual(['undecodable']);
  });
});

describe('a delivery that Temporal may have no witness of any more', () => {
  const old = (): Delivery => ({ ...delivery(), storedAt: Date.now() - 600_000 });
  const unlessKnown = ({ beyondMemory }: RouteRequest): RouteVerdict => (beyondMemory ? { verdict: 'too-old' } : mine);

  it('is taken for new only once the ledger was seen to be whole after it had no record', async () => {
    let whole: (() => void) | undefined;
    const ledgerIsWhole = () => new Promise<boolean>((resolve) => (whole = () => resolve(true)));
    const { intake, started, routed } = createIntake({ route: unlessKnown, overrides: { ledgerIsWhole } });
    const taken = intake.take([delivery({ id: 'new' }), old()]);
    await vi.waitFor(() => expect(whole).toBeDefined());
    expect(started).toEqual([]);
    whole?.();
    await Promise.all(taken);
    expect(started).toHaveLength(2);
    expect(routed.map((requests) => requests.map(({ beyondMemory }) => beyondMemory))).toEqual([
      [false, true],
      [false],
    ]);
  });

  it('is too old if the ledger was found to have lost its records meanwhile', async () => {
    let memoryMs = 1_000_000;
    const { intake, dead, started } = createIntake({
      route: unlessKnown,
      overrides: {
        ledgerIsWhole: async () => {
          memoryMs = 500_000;
          return true;
        },
      },
      rules: {
        get memoryMs() {
          return memoryMs;
        },
      },
    });
    await Promise.all(intake.take([old()]));
    expect(dead).toEqual(['too-old']);
    expect(started).toEqual([]);
  });

  it('costs nothing more where the ledger knows it', async () => {
    const { intake, routed } = createIntake({
      route: () => ({ verdict: 'done', owner: 'kafka', reason: 'switch off' }),
      overrides: { ledgerIsWhole: () => Promise.reject(new Error('nobody asked')) },
    });
    await Promise.all(intake.take([old()]));
    expect(routed).toHaveLength(1);
  });
});

describe('while what has closed is still being entered into the ledger anew', () => {
  const at = (id: string, after?: number): Delivery => ({
    ...delivery({ id }),
    // What a producer says of it proves nothing.
    storedAt: Date.now(),
    ...(after !== undefined && { brokerTime: { after: Date.now() - after } }),
  });
  const unlessKnown = ({ unproved, messageId }: RouteRequest): RouteVerdict => {
    if (messageId === 'known') return { verdict: 'done', owner: 'kafka', reason: 'switch off' };
    return unproved ? { verdict: 'unproved' } : mine;
  };

  function recovering() {
    let underWay = true;
    let tell = (): void => undefined;
    const setting = createIntake({
      route: unlessKnown,
      inFlight: 2,
      overrides: {
        recovery: {
          isUnderWay: () => underWay,
          onEnd: (listener) => {
            tell = listener;
          },
        },
      },
    });
    const end = (): void => {
      underWay = false;
      tell();
    };
    return { ...setting, end };
  }

  it('what has no record is decided only if the broker stored it of late; the rest stays with it and is not too old', async () => {
    const { intake, started, dead, end } = recovering();
    const old = intake.take([at('old', 400_001), at('of-unknown-age')]);
    await Promise.all(intake.take([at('known'), at('young', 399_000)]));
    expect(started.map(({ message }) => message.messageId)).toEqual(['young']);
    expect(intake.census.unproved).toBe(2);
    expect(intake.holds).toEqual([
      { what: expect.stringContaining('deliveries without a record stay with their broker') },
    ]);
    end();
    await Promise.all(old);
    expect(started.map(({ message }) => message.messageId).sort()).toEqual(['of-unknown-age', 'old', 'young']);
    expect(dead).toEqual([]);
    expect(intake.holds).toEqual([]);
  });

  it('what its broker stored anew, as a topic that is restored or mirrored does, is as old as it says itself', async () => {
    const { intake, started, end } = recovering();
    const [restored] = intake.take([{ ...at('restored', 1_000), storedAt: Date.now() - 400_001 }]);
    await Promise.all(intake.take([{ ...at('late', 1_000), storedAt: Date.now() - 399_000 }]));
    expect(started.map(({ message }) => message.messageId)).toEqual(['late']);
    expect(intake.census.unproved).toBe(1);
    end();
    await restored;
  });

  it('ten times as many as there are places hold no place: young ones behind them go on', async () => {
    const { intake, started, end } = recovering();
    const old = intake.take(Array.from({ length: 20 }, (_, n) => at(`old-${n}`)));
    await vi.waitFor(() => expect(intake.census.unproved).toBe(20));
    await Promise.all(intake.take(Array.from({ length: 20 }, (_, n) => at(`young-${n}`, 1_000))));
    expect(started).toHaveLength(20);
    expect(await intake.capacity(new AbortController().signal)).toBeGreaterThan(0);
    end();
    await Promise.all(old);
    expect(started).toHaveLength(40);
  });

  it('where the recovery never ends nothing of it is started, and a stop turns it away unacknowledged', async () => {
    const { intake, started } = recovering();
    const [old] = intake.take([at('old')]);
    await vi.waitFor(() => expect(intake.census.unproved).toBe(1));
    intake.stop();
    await expect(old).rejects.toThrow('intake is stopping');
    expect(started).toEqual([]);
  });
});

describe('intake holds while it cannot decide, and goes on by itself', () => {
  it('with the ledger away: nothing is accepted, nothing more is asked for, and then it goes on', async () => {
    let isAway = true;
    const { intake, started } = createIntake({
      route: () => {
        if (isAway) throw away;
        return mine;
      },
    });
    const [promise] = intake.take([delivery()]);
    await vi.waitFor(() =>
      expect(intake.holds).toEqual([{ what: 'ledger: Redis gave no answer', dependency: 'ledger' }]),
    );
    let offered = false;
    const capacity = intake.capacity(new AbortController().signal).then((places) => {
      offered = true;
      return places;
    });
    expect(offered).toBe(false);
    expect(started).toEqual([]);
    isAway = false;
    await promise;
    expect(await capacity).toBeGreaterThan(0);
    expect(intake.holds).toEqual([]);
  });

  it('with a policy that went stale: only what was not decided is asked again', async () => {
    const answers = new Map<string, RouteVerdict[]>([['b', [{ verdict: 'stale-policy' }]]]);
    const { intake, routed } = createIntake({ route: ({ messageId }) => answers.get(messageId)?.shift() ?? mine });
    await Promise.all(intake.take([delivery({ id: 'a' }), delivery({ id: 'b' })]));
    expect(routed.map((requests) => requests.map(({ messageId }) => messageId))).toEqual([['a', 'b'], ['b']]);
  });

  it('offers no more places than it has', async () => {
    const releases: (() => void)[] = [];
    const { intake } = createIntake({
      inFlight: 2,
      start: () => new Promise((resolve) => releases.push(() => resolve('started'))),
    });
    const signal = new AbortController().signal;
    expect(await intake.capacity(signal)).toBe(2);
    const taken = intake.take([delivery(), delivery()]);
    let offered = 0;
    void intake.capacity(signal).then((places) => (offered = places));
    await vi.waitFor(() => expect(releases).toHaveLength(2));
    expect(offered).toBe(0);
    releases.pop()?.();
    await vi.waitFor(() => expect(offered).toBe(1));
    releases.pop()?.();
    await Promise.all(taken);
  });

  it('turns pending deliveries away unacknowledged when it stops', async () => {
    const { intake } = createIntake({ route: () => theirs });
    const taken = intake.take([delivery()]);
    intake.stop();
    expect((await settled(taken)).map(({ status }) => status)).toEqual(['rejected']);
  });
});
