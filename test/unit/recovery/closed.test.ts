import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import {
  type MadeWhen,
  NOTHING_RESTORED,
  type Recovery,
  type RecoveryProgress,
} from '../../../src/domain/ledger/ledger-health.js';
import { createRecoveryActivities } from '../../../src/recovery/activities.js';
import type { ClosedRequest, RebuildRequest, Rebuilt, RecoveryDependencies } from '../../../src/recovery/contract.js';

const HOUR = 60 * 60 * 1_000;
const NOON = Date.UTC(2026, 10, 23, 12);
const RETENTION = 72 * HOUR;
const NOTHING: Rebuilt = { restored: NOTHING_RESTORED, failed: { count: 0, first: [] } };
const request: ClosedRequest = {
  epoch: 'e2',
  why: 'all of it is lost',
  since: null,
  remembersSince: 0,
  openedAt: NOON,
  rebuilt: { ...NOTHING, restored: { ...NOTHING_RESTORED, parked: 3 } },
};

type Closed = Extract<RebuildRequest, { of: 'closed' }>;

/** A Temporal with workflows that closed at these times. */
function recovery({
  closedAt = [] as number[],
  endsAt = NOON + HOUR,
  failIn = Number.POSITIVE_INFINITY,
  kept = true,
  known = false,
}) {
  const seen = {
    windows: [] as Closed[],
    progress: [] as RecoveryProgress[],
    audited: [] as Recovery[],
    forgot: [] as MadeWhen[],
  };
  const within = ({ from, to }: Closed): number[] =>
    closedAt.filter((at) => (from === null || at >= from) && (to === null || at < to));
  const deps: RecoveryDependencies = {
    marks: {
      open: async () => ({ since: null, now: NOON, known }),
      letGoOn: async () => true,
      progress: async (_epoch, progress) => void seen.progress.push(progress),
      close: async () => kept,
    },
    rebuild: {
      async enter(asked, _signal, onLooked) {
        if (asked.of === 'open') return NOTHING;
        if (seen.windows.length === failIn) throw new Error('Temporal is away');
        seen.windows.push(asked);
        const found = within(asked);
        for (const _ of found) onLooked();
        return { ...NOTHING, restored: { ...NOTHING_RESTORED, settled: found.length } };
      },
      forgetUnstarted: async (made) => {
        seen.forgot.push(made);
        return 0;
      },
      count: async (asked) => (asked.of === 'closed' ? within(asked).length : 0),
    },
    audit: { recovered: async (entry) => void seen.audited.push(entry) },
    now: async () => endsAt,
    retention: async () => RETENTION,
  };
  return { ...seen, activities: createRecoveryActivities(deps) };
}

const run = (
  activities: ReturnType<typeof createRecoveryActivities>,
  change: Partial<ClosedRequest> = {},
  environment = new MockActivityEnvironment(),
) =>
  environment.run(activities.recoverClosed, { ...request, ...change }) as ReturnType<typeof activities.recoverClosed>;

describe('the recovery of what has closed', () => {
  test('goes from the oldest on to the end without a gap, tells how far it is, and counts what was open as well', async () => {
    const closedAt = Array.from({ length: 5_000 }, (_, n) => NOON - 70 * HOUR + n * 40_000);
    const { activities, windows, progress, audited } = recovery({ closedAt });
    const { recovery: done, remembersSince } = await run(activities);
    expect(windows[0]).toMatchObject({ from: null, to: NOON - RETENTION });
    for (const [index, { from }] of windows.entries()) if (index > 0) expect(from).toBe(windows[index - 1]?.to);
    expect(windows.at(-1)?.to).toBeGreaterThan(NOON);
    expect(progress.at(-1)).toMatchObject({ done: 5_000, total: 5_000 });
    expect(done.restored).toMatchObject({ settled: 5_000, parked: 3 });
    expect(audited).toEqual([done]);
    // An hour's recovery: the horizon is an hour later than its beginning would have made it.
    expect(remembersSince).toBe(NOON + HOUR - (RETENTION - HOUR));
  });

  test('goes on in another process with the window that was not done', async () => {
    const closedAt = Array.from({ length: 300 }, (_, n) => NOON - 70 * HOUR + n * 600_000);
    const first = recovery({ closedAt, failIn: 12 });
    const environment = new MockActivityEnvironment();
    let details: unknown;
    environment.on('heartbeat', (told: unknown) => {
      details = told;
    });
    await expect(run(first.activities, {}, environment)).rejects.toThrow('Temporal is away');
    const second = recovery({ closedAt });
    const { recovery: done } = await run(
      second.activities,
      {},
      new MockActivityEnvironment({ heartbeatDetails: details }),
    );
    expect(second.windows[0]?.from).toBe(first.windows.at(-1)?.to);
    expect(done.restored).toMatchObject({ settled: 300, parked: 3 });
  });

  test('that took long removes what was routed meanwhile and never started, and one that did not leaves it', async () => {
    const short = recovery({ endsAt: NOON + RETENTION / 4 });
    await run(short.activities);
    expect(short.forgot).toEqual([]);
    const long = recovery({ endsAt: NOON + RETENTION / 4 + 1 });
    await run(long.activities);
    expect(long.forgot).toEqual([{ from: NOON }]);
  });

  test('of a ledger that was set back removes what is older than the horizon and never started, as it may have been rewarded since', async () => {
    const setBack = recovery({ endsAt: NOON + HOUR });
    const { remembersSince } = await run(setBack.activities, { since: NOON - 5 * 24 * HOUR });
    expect(remembersSince).toBe(NOON + HOUR - (RETENTION - HOUR));
    expect(setBack.forgot).toEqual([{ before: remembersSince }]);
    // Temporal still had all that may be missing.
    const recent = recovery({ endsAt: NOON + HOUR });
    await run(recent.activities, { since: NOON - HOUR });
    expect(recent.forgot).toEqual([]);
  });

  test('does not end where the ledger has lost records again', async () => {
    await expect(run(recovery({ kept: false }).activities)).rejects.toThrow('lost records again');
  });
});

describe('the recovery that a cutover workflow without a memory asks for', () => {
  const begun = { epoch: 'e2', why: 'its epoch is not the present one', since: null, remembersSince: 0, first: true };

  test.each([
    ['is the first one where the marks know of none: nothing can have been forgotten', false, 0],
    [
      'is not where they do, as that workflow was ended: the horizon is that of any other',
      true,
      NOON + HOUR - (RETENTION - HOUR),
    ],
  ])('%s', async (_, known, expected) => {
    const { activities } = recovery({ known });
    const recover = new MockActivityEnvironment().run(activities.recoverLedger, begun);
    expect(((await recover) as { remembersSince: number }).remembersSince).toBe(expected);
  });
});
