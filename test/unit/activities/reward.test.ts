import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it, vi } from 'vitest';
import { createRewardActivities } from '../../../src/activities/reward.js';
import type { RewardRequest, RewardResult } from '../../../src/activities/reward-attempt.js';
import { HandoverError } from '../../../src/domain/errors.js';
import type { LedgerRecord } from '../../../src/domain/ledger/record.js';
import type { GrantResult } from '../../../src/domain/reward/outcome.js';
import type { BeginRequest } from '../../../src/ledger/ledger.js';
import type { BeginVerdict, RecordVerdict, WitnessedBeginVerdict } from '../../../src/ledger/verdicts.js';
import type { AttemptContext } from '../../../src/reward/provider.js';

const request: RewardRequest = {
  messageId: 'm-1',
  run: 'run-1',
  origin: { decision: { owner: 'kafka', reason: 'switch off', policyVersion: 1 }, fingerprint: '00' },
  owner: 'kafka',
  round: 1,
  lastsMs: 5_000,
};
const body = new TextEncoder().encode('{}');
const granted: GrantResult = { outcome: 'granted', evidence: { phase: 'answered', status: 200, detail: 'granted' } };
const notExecuted: GrantResult = {
  outcome: 'not-executed',
  retryAfterMs: 1_500,
  evidence: { phase: 'answered', status: 503, detail: 'the provider answered 503' },
};
const WITNESS = { epoch: 'e-1', server: 's-1' };
const away = new HandoverError('ledger-unavailable', 'Redis gave no answer');

interface Setting {
  readonly attempt?: number;
  readonly heartbeatDetails?: unknown;
  /** The run that Temporal executes it for. */
  readonly inRun?: string;
  readonly attemptScheduledAt?: number;
  readonly scheduledBy?: string;
  readonly attemptsBefore?: number;
  readonly begin?: (request: BeginRequest) => Promise<BeginVerdict>;
  /** The run was told how the ledger was; what that says now. */
  readonly witnessed?: () => Promise<WitnessedBeginVerdict>;
  readonly settle?: () => Promise<RecordVerdict>;
  readonly grant?: (context: AttemptContext) => Promise<GrantResult>;
  readonly open?: boolean;
  readonly read?: () => Promise<LedgerRecord | undefined>;
}

async function attemptReward(setting: Setting) {
  const calls = {
    grant: 0,
    begin: [] as BeginRequest[],
    witnessed: [] as unknown[],
    signals: [] as string[],
    heartbeats: [] as unknown[],
  };
  const { begin, settle, grant, open = true, read = async () => undefined } = setting;
  const { witnessed = async () => ({ verdict: 'forgotten' }) as const } = setting;
  const activities = createRewardActivities({
    ledger: {
      begin: async (asked) => {
        calls.begin.push(asked);
        return begin === undefined ? { verdict: 'go', deadline: 9_000, now: 4_000 } : begin(asked);
      },
      beginWitnessed: async (asked) => {
        calls.witnessed.push(asked);
        return witnessed();
      },
      clear: async () => ({ verdict: 'recorded' }),
      settle: async () => (settle === undefined ? { verdict: 'recorded' } : settle()),
      unindex: async () => undefined,
      read,
      now: async () => 4_000,
    },
    provider: {
      grant: async (_message, context) => {
        calls.grant += 1;
        return grant === undefined ? granted : grant(context);
      },
    },
    client: {
      workflow: { getHandle: () => ({ signal: async (name: string) => void calls.signals.push(name) }) },
    } as never,
    isOpenRun: async () => open,
    onAttempt: () => undefined,
  });
  const { scheduledBy, attemptsBefore } = setting;
  const asked = {
    ...request,
    ...(scheduledBy !== undefined && { scheduledBy }),
    ...(attemptsBefore !== undefined && { attemptsBefore }),
    ...(setting.witnessed !== undefined && { witness: WITNESS }),
  };
  const environment = new MockActivityEnvironment(
    {
      attempt: setting.attempt ?? 1,
      heartbeatDetails: setting.heartbeatDetails,
      workflowExecution: { workflowId: request.messageId, runId: setting.inRun ?? 'run-1' },
      scheduledTimestampMs: 1_000,
      currentAttemptScheduledTimestampMs: setting.attemptScheduledAt ?? 1_000,
    },
    { logger: new DefaultLogger('ERROR') },
  );
  environment.on('heartbeat', (details: unknown) => calls.heartbeats.push(details));
  const result = await environment.run(activities.reward, asked, body).then(
    (value) => ({ returned: value as RewardResult }),
    (error: unknown) => ({ thrown: error as ApplicationFailure }),
  );
  return { ...calls, result };
}

describe('an attempt sends only if Temporal proves that every earlier one was not executed', () => {
  it('sends at the first attempt', async () => {
    const { grant, result } = await attemptReward({});
    expect(grant).toBe(1);
    expect(result).toMatchObject({ returned: { outcome: 'granted', attempt: 1, settled: true } });
  });

  it('sends at a later attempt whose predecessor cleared itself', async () => {
    const { grant, begin } = await attemptReward({ attempt: 3, heartbeatDetails: { cleared: 2 } });
    expect(grant).toBe(1);
    expect(begin[0]).toMatchObject({ attempt: 3, cleared: 2 });
  });

  it.each([
    ['no details', undefined],
    ['an older clearance', { cleared: 1 }],
    ['nonsense', { cleared: '2' }],
  ])('neither asks the ledger nor sends with %s', async (_name, heartbeatDetails) => {
    const { grant, begin, result } = await attemptReward({ attempt: 3, heartbeatDetails });
    expect(grant).toBe(0);
    expect(begin).toHaveLength(0);
    expect(result).toMatchObject({ returned: { outcome: 'unknown' } });
  });
});

describe('an attempt whose predecessor ended without a word', () => {
  const go = { verdict: 'go', deadline: 9_000, now: 4_000 } as const;

  it('is made where a ledger that has lost nothing shows that the predecessor sent nothing', async () => {
    const { grant, begin, witnessed, result } = await attemptReward({
      attempt: 3,
      heartbeatDetails: { cleared: 1 },
      witnessed: async () => go,
    });
    expect({ grant, begin }).toEqual({ grant: 1, begin: [] });
    expect(witnessed).toEqual([expect.objectContaining({ attempt: 3, cleared: 1, witness: WITNESS })]);
    expect(result).toMatchObject({ returned: { outcome: 'granted', attempt: 3 } });
  });

  it.each<[string, () => Promise<WitnessedBeginVerdict>]>([
    ['the predecessor began', async () => ({ verdict: 'uncovered', round: 1, attempt: 1 })],
    ['the ledger may have lost something', async () => ({ verdict: 'forgotten' })],
    ['the record is not there', async () => ({ verdict: 'lost' })],
    ['another run has it', async () => ({ verdict: 'other-run', owner: 'kafka', run: 'run-2' })],
    ['a later attempt began', async () => ({ verdict: 'late', round: 1, attempt: 2 })],
    ['the ledger is away', () => Promise.reject(away)],
  ])('is not made where %s: the outcome is unknown', async (_name, witnessed) => {
    const { grant, begin, heartbeats, result } = await attemptReward({ attempt: 2, witnessed });
    expect({ grant, begin, heartbeats }).toEqual({ grant: 0, begin: [], heartbeats: [] });
    expect(result).toMatchObject({
      returned: { outcome: 'unknown', evidence: { detail: expect.stringContaining('attempt 1 ended without a word') } },
    });
  });

  it('returns what the ledger holds as settled', async () => {
    const witnessed = async () => ({ verdict: 'settled', owner: 'kafka', outcome: 'granted' }) as const;
    const { grant, result } = await attemptReward({ attempt: 2, witnessed });
    expect(grant).toBe(0);
    expect(result).toMatchObject({ returned: { outcome: 'settled', as: 'granted' } });
  });
});

describe('an activity that goes on after attempts that were made before it', () => {
  it('counts on from those, which its workflow has proved unexecuted', async () => {
    const { grant, begin, result } = await attemptReward({ attemptsBefore: 1 });
    expect(grant).toBe(1);
    expect(begin[0]).toMatchObject({ attempt: 2, cleared: 1 });
    expect(result).toMatchObject({ returned: { outcome: 'granted', attempt: 2 } });
  });

  it('needs the proof of its own attempts by the same count', async () => {
    const setting = { attemptsBefore: 1, attempt: 2 };
    expect((await attemptReward({ ...setting, heartbeatDetails: { cleared: 2 } })).begin[0]).toMatchObject({
      attempt: 3,
      cleared: 2,
    });
    for (const heartbeatDetails of [undefined, { cleared: 1 }]) {
      const { grant, begin, result } = await attemptReward({ ...setting, heartbeatDetails });
      expect({ grant, begin }).toEqual({ grant: 0, begin: [] });
      expect(result).toMatchObject({ returned: { outcome: 'unknown', attempt: 3 } });
    }
  });

  it('leaves the proof that covers those as well', async () => {
    const { heartbeats } = await attemptReward({ attemptsBefore: 1, grant: async () => notExecuted });
    expect(heartbeats).toEqual([{ cleared: 2 }]);
  });
});

describe('a first attempt that is not the first', () => {
  it.each<[string, Setting, string]>([
    ['its workflow was reset', { inRun: 'run-2' }, 'its workflow was reset while it was pending'],
    [
      'its workflow was reset after continue-as-new',
      { inRun: 'run-3', scheduledBy: 'run-2' },
      'its workflow was reset while it was pending',
    ],
    ['the activity was reset', { attemptScheduledAt: 1_001 }, 'the activity was reset'],
  ])('neither asks the ledger nor sends: %s', async (_name, setting, detail) => {
    const { grant, begin, result } = await attemptReward(setting);
    expect({ grant, begin }).toEqual({ grant: 0, begin: [] });
    expect(result).toMatchObject({
      returned: { outcome: 'unknown', evidence: { detail: expect.stringContaining(detail) } },
    });
  });

  it('is not taken for one after continue-as-new, nor where it is a later attempt', async () => {
    expect((await attemptReward({ inRun: 'run-2', scheduledBy: 'run-2' })).grant).toBe(1);
    const second = { attempt: 2, heartbeatDetails: { cleared: 1 }, attemptScheduledAt: 9_000 };
    expect((await attemptReward(second)).grant).toBe(1);
  });
});

describe('what the ledger still knows of an attempt that ended without a word', () => {
  const record: LedgerRecord = {
    messageId: 'm-1',
    state: 'sending',
    owner: 'kafka',
    reason: 'switch off',
    policyVersion: 1,
    fingerprint: '00',
    seen: { kafka: true, rocketmq: false },
    run: 'run-1',
    round: 1,
    attempt: 1,
    movedAt: Date.UTC(2026, 10, 23, 12),
  };

  it.each<[string, Partial<LedgerRecord> | undefined, string]>([
    ['that it began', {}, 'attempt 1 of round 1 began at 2026-11-23T12:00:00.000Z: its request may have been sent'],
    ['that it was not executed', { state: 'claimed' }, 'attempt 1 of round 1 began and was found not to be executed'],
    ['no trace', { state: 'claimed', round: 0, attempt: 0 }, 'the ledger has no trace that attempt 1 began'],
    ['an earlier round only', { state: 'claimed', round: 0, attempt: 3 }, 'no trace that attempt 1 began'],
    ['another run', { run: 'run-2' }, 'the ledger names another run, run-2'],
    ['nothing', undefined, 'the ledger has no record of the message'],
  ])('is shown to the person: %s', async (_name, known, shown) => {
    const read = async () => known && { ...record, ...known };
    const { grant, begin, result } = await attemptReward({ attempt: 2, read });
    expect({ grant, begin }).toEqual({ grant: 0, begin: [] });
    expect(result).toMatchObject({
      returned: {
        outcome: 'unknown',
        deadline: 9_000,
        evidence: { phase: 'sent', detail: expect.stringContaining(shown) },
      },
    });
  });

  it('decides nothing: without the ledger the outcome is as unknown', async () => {
    const { grant, result } = await attemptReward({ attempt: 2, read: () => Promise.reject(away) });
    expect(grant).toBe(0);
    expect(result).toMatchObject({
      returned: {
        outcome: 'unknown',
        evidence: { phase: 'sent', detail: expect.stringContaining('could not be asked') },
      },
    });
  });
});

describe('an attempt sends only if the ledger says go', () => {
  it.each<[BeginVerdict['verdict'], BeginVerdict]>([
    ['late', { verdict: 'late', round: 1, attempt: 2 }],
    ['uncovered', { verdict: 'uncovered', round: 1, attempt: 1 }],
    ['parked', { verdict: 'parked', round: 1 }],
    ['other-run', { verdict: 'other-run', owner: 'kafka', run: 'run-2' }],
  ])('calls %s unknown and does not send', async (_name, verdict) => {
    const { grant, result } = await attemptReward({ begin: async () => verdict });
    expect(grant).toBe(0);
    expect(result).toMatchObject({ returned: { outcome: 'unknown', evidence: { phase: 'sent' } } });
  });

  it('returns the outcome that the ledger holds already', async () => {
    const { grant, result } = await attemptReward({
      begin: async () => ({ verdict: 'settled', owner: 'kafka', outcome: 'granted' }),
    });
    expect(grant).toBe(0);
    expect(result).toMatchObject({ returned: { outcome: 'settled', as: 'granted' } });
  });

  it('restores a lost record only when Temporal shows this run open', async () => {
    const begin = async ({ restore }: BeginRequest): Promise<BeginVerdict> =>
      restore === true ? { verdict: 'go', deadline: 9_000, now: 4_000 } : { verdict: 'lost' };
    expect((await attemptReward({ begin, open: true })).grant).toBe(1);
    const closed = await attemptReward({ begin, open: false });
    expect(closed.grant).toBe(0);
    expect(closed.result).toMatchObject({ returned: { outcome: 'unknown' } });
  });

  it('asks an absent ledger again with the same nonce', async () => {
    let asked = 0;
    const { grant, begin } = await attemptReward({
      begin: async () => {
        asked += 1;
        if (asked === 1) throw away;
        return { verdict: 'go', deadline: 9_000, now: 4_000 };
      },
    });
    expect(grant).toBe(1);
    expect(begin[0]?.nonce).toBe(begin[1]?.nonce);
  });

  it('ends as not executed, cleared for the next attempt, when the ledger stays away', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance', 'Date'] });
    try {
      const running = attemptReward({ begin: () => Promise.reject(away) });
      await vi.advanceTimersByTimeAsync(10_000);
      const { grant, result, heartbeats } = await running;
      expect(grant).toBe(0);
      expect(result).toMatchObject({ thrown: { type: 'NotExecuted' } });
      expect(heartbeats).toEqual([{ cleared: 1 }]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('what becomes of the answer', () => {
  it('an attempt that was surely not executed clears itself, tells the workflow, and asks for the delay that was named', async () => {
    const { result, heartbeats, signals } = await attemptReward({ grant: async () => notExecuted });
    expect(result).toMatchObject({
      thrown: { type: 'NotExecuted', nextRetryDelay: 1_500, details: [notExecuted.evidence] },
    });
    expect(heartbeats).toEqual([{ cleared: 1 }]);
    expect(signals).toEqual(['retrying']);
  });

  it('an unknown outcome is returned, never thrown, as a throw would be tried again', async () => {
    const evidence = { phase: 'sent', detail: 'no answer' } as const;
    const { result, heartbeats } = await attemptReward({ grant: async () => ({ outcome: 'unknown', evidence }) });
    expect(result).toMatchObject({ returned: { outcome: 'unknown', deadline: 9_000 } });
    expect(heartbeats).toEqual([]);
  });

  it("a provider's code that throws leaves the outcome unknown", async () => {
    const { result } = await attemptReward({ grant: () => Promise.reject(new TypeError('secret')) });
    expect(result).toMatchObject({ returned: { outcome: 'unknown' } });
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('a ledger that fails after the provider has answered does not lose the answer', async () => {
    const { result } = await attemptReward({ settle: () => Promise.reject(away) });
    expect(result).toMatchObject({ returned: { outcome: 'granted', settled: false } });
  });
});

describe('the deadline', () => {
  it('forbids to write once either clock has passed it', async () => {
    const may: boolean[] = [];
    await attemptReward({
      grant: async ({ maySend }) => {
        may.push(maySend());
        const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 6_000);
        may.push(maySend());
        clock.mockRestore();
        const monotonic = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 6_000);
        may.push(maySend());
        monotonic.mockRestore();
        return granted;
      },
    });
    expect(may).toEqual([true, false, false]);
  });
});
