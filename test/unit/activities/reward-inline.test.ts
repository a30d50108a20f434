import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import {
  createInlineActivities,
  type InlineRequest,
  type InlineResult,
} from '../../../src/activities/reward-inline.js';
import { HandoverError } from '../../../src/domain/errors.js';
import type { GrantResult } from '../../../src/domain/reward/outcome.js';
import type { Side } from '../../../src/domain/side.js';
import type { BeginRequest } from '../../../src/ledger/ledger.js';
import type { RecordVerdict, WitnessedBeginVerdict } from '../../../src/ledger/verdicts.js';
import type { AttemptContext } from '../../../src/reward/provider.js';

const request: InlineRequest = {
  messageId: 'm-1',
  run: 'run-1',
  origin: { decision: { owner: 'kafka', reason: 'switch off', policyVersion: 1 }, fingerprint: '00' },
  owner: 'kafka',
  round: 1,
  lastsMs: 5_000,
  witness: { epoch: 'e1', server: 's1' },
};
const body = new TextEncoder().encode('{}');
const granted: GrantResult = { outcome: 'granted', evidence: { phase: 'answered', status: 200, detail: 'granted' } };
const notExecuted: GrantResult = {
  outcome: 'not-executed',
  retryAfterMs: 1_500,
  evidence: { phase: 'answered', status: 503, detail: 'the provider answered 503' },
};
const away = new HandoverError('ledger-unavailable', 'Redis gave no answer');

interface Setting {
  readonly side?: Side;
  /** The run that Temporal executes it for. */
  readonly inRun?: string;
  readonly begin?: (request: BeginRequest) => Promise<WitnessedBeginVerdict>;
  readonly settle?: () => Promise<RecordVerdict>;
  readonly clear?: () => Promise<RecordVerdict>;
  readonly grant?: (context: AttemptContext) => Promise<GrantResult>;
}

async function rewardInline(setting: Setting) {
  const calls = { grant: 0, begin: [] as BeginRequest[], clear: 0, attempts: [] as GrantResult[] };
  const { side = 'kafka', begin, settle, clear, grant } = setting;
  const { rewardInline: execute } = createInlineActivities({
    side,
    ledger: {
      beginWitnessed: async (asked) => {
        calls.begin.push(asked);
        return begin === undefined ? { verdict: 'go', deadline: 9_000, now: 4_000 } : begin(asked);
      },
      clear: async () => {
        calls.clear += 1;
        return clear === undefined ? { verdict: 'recorded' } : clear();
      },
      settle: async () => (settle === undefined ? { verdict: 'recorded' } : settle()),
      unindex: async () => undefined,
      read: async () => undefined,
      now: async () => 4_000,
    },
    provider: {
      grant: async (_message, context) => {
        calls.grant += 1;
        return grant === undefined ? granted : grant(context);
      },
    },
    isOpenRun: async () => true,
    onAttempt: (result) => calls.attempts.push(result),
  });
  const environment = new MockActivityEnvironment(
    { attempt: 1, workflowExecution: { workflowId: request.messageId, runId: setting.inRun ?? 'run-1' } },
    { logger: new DefaultLogger('ERROR') },
  );
  const result = await environment.run(execute, request, body).then(
    (value) => ({ returned: value as InlineResult }),
    (error: unknown) => ({ thrown: error }),
  );
  return { ...calls, result };
}

describe('the first attempt within a workflow task', () => {
  it('begins with the witness, covers nothing, and sends once the ledger says go', async () => {
    const { begin, grant, attempts, result } = await rewardInline({});
    expect(begin).toEqual([
      expect.objectContaining({ round: 1, attempt: 1, cleared: 0, witness: { epoch: 'e1', server: 's1' } }),
    ]);
    expect(grant).toBe(1);
    expect(attempts).toEqual([granted]);
    expect(result).toMatchObject({ returned: { outcome: 'granted', attempt: 1, settled: true } });
  });

  it('draws a nonce of its own in each execution', async () => {
    const nonces = (await Promise.all([rewardInline({}), rewardInline({})])).map(({ begin }) => begin[0]?.nonce);
    expect(new Set(nonces).size).toBe(2);
  });

  it.each<[WitnessedBeginVerdict['verdict'], WitnessedBeginVerdict, string]>([
    ['late', { verdict: 'late', round: 1, attempt: 1 }, 'another execution of the first attempt began'],
    ['uncovered', { verdict: 'uncovered', round: 1, attempt: 1 }, 'another attempt began'],
    ['parked', { verdict: 'parked', round: 1 }, 'parked'],
    ['other-run', { verdict: 'other-run', owner: 'kafka', run: 'run-2' }, 'another run'],
    ['lost', { verdict: 'lost' }, 'has lost the record'],
    ['forgotten', { verdict: 'forgotten' }, 'may have lost records'],
  ])('takes %s for unknown, neither sends nor restores', async (_name, verdict, why) => {
    const { begin, grant, clear, result } = await rewardInline({ begin: async () => verdict });
    expect({ grant, clear, asked: begin.length }).toEqual({ grant: 0, clear: 0, asked: 1 });
    expect(result).toMatchObject({
      returned: {
        outcome: 'unknown',
        deadline: 9_000,
        evidence: { phase: 'sent', detail: expect.stringContaining(why) },
      },
    });
  });

  it('returns the outcome that the ledger holds already', async () => {
    const { grant, result } = await rewardInline({
      begin: async () => ({ verdict: 'settled', owner: 'kafka', outcome: 'granted' }),
    });
    expect(grant).toBe(0);
    expect(result).toMatchObject({ returned: { outcome: 'settled', as: 'granted' } });
  });

  it('asks a ledger that is away again by the same nonce, and then has itself executed again, having said nothing', async () => {
    const { begin, grant, result } = await rewardInline({ begin: () => Promise.reject(away) });
    expect(begin.length).toBeGreaterThan(1);
    expect(new Set(begin.map(({ nonce }) => nonce)).size).toBe(1);
    expect(grant).toBe(0);
    expect(result).toMatchObject({ thrown: { type: 'NoVerdict', nonRetryable: false } });
  });

  it('clears what was surely not executed, and says when to try again, whether or not that could be noted', async () => {
    const expected = { returned: { outcome: 'not-executed', attempt: 1, retryAfterMs: 1_500 } };
    const noted = await rewardInline({ grant: async () => notExecuted });
    expect(noted.clear).toBe(1);
    expect(noted.result).toMatchObject(expected);
    const unnoted = await rewardInline({ grant: async () => notExecuted, clear: () => Promise.reject(away) });
    expect(unnoted.result).toMatchObject(expected);
  });

  it('keeps an answer that the ledger did not take, for the workflow to settle', async () => {
    const { result } = await rewardInline({ settle: () => Promise.reject(away) });
    expect(result).toMatchObject({ returned: { outcome: 'granted', settled: false } });
  });

  it('takes what the provider cannot tell for unknown, until the deadline of its own begin', async () => {
    const grant = async (): Promise<GrantResult> => ({
      outcome: 'unknown',
      evidence: { phase: 'sent', detail: 'no answer' },
    });
    expect((await rewardInline({ grant })).result).toMatchObject({ returned: { outcome: 'unknown', deadline: 9_000 } });
  });
});

describe('on a worker that is not of the owner', () => {
  it('does not send, but uses the pair up, so that an execution before or after it cannot either', async () => {
    const { begin, clear, grant, result } = await rewardInline({ side: 'rocketmq' });
    expect({ begun: begin.length, clear, grant }).toEqual({ begun: 1, clear: 1, grant: 0 });
    expect(result).toMatchObject({ returned: { outcome: 'not-executed', attempt: 1, elsewhere: true } });
  });

  it('takes what an execution on the owner has begun for unknown', async () => {
    const { result } = await rewardInline({
      side: 'rocketmq',
      begin: async () => ({ verdict: 'late', round: 1, attempt: 1 }),
    });
    expect(result).toMatchObject({ returned: { outcome: 'unknown' } });
  });
});

it('of a run that a reset has replaced asks nothing and sends nothing', async () => {
  const { begin, grant, result } = await rewardInline({ inRun: 'run-2' });
  expect({ begun: begin.length, grant }).toEqual({ begun: 0, grant: 0 });
  expect(result).toMatchObject({ returned: { outcome: 'unknown' } });
});
