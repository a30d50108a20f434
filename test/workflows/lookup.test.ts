import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LookupAnswer } from '../../src/activities/reward.js';
import type { MessageInput } from '../../src/domain/run.js';
import { resolveUpdate } from '../../src/workflows/message/contract.js';
import { type Call, granted, type MessageActivities, unknown } from '../support/temporal/fake-activities.js';
import { createMessageRunner, type MessageRun, type MessageRunner } from '../support/temporal/message-runner.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let withMessage: MessageRunner;

beforeAll(async () => {
  environment = await createLocalEnvironment();
  workflowBundle = await bundleWorkflows();
  withMessage = createMessageRunner(environment, workflowBundle);
});
afterAll(async () => {
  await environment.teardown();
});

const SETTLES_WITHIN_MS = 300;
const ATTEMPT_TIMEOUT_MS = 1_500;

const withLookup = (input: MessageInput): MessageInput => ({
  ...input,
  settings: {
    ...input.settings,
    lookup: true,
    settlesWithinMs: SETTLES_WITHIN_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  },
});

/** A lookup that knows its provider by a mark, asked now. */
function says(result: LookupAnswer['result'], more: Partial<LookupAnswer> = {}): LookupAnswer {
  return { result, askedAt: Date.now(), marked: true, evidence: { detail: `it says ${result}`, status: 404 }, ...more };
}

async function isParked({ state }: MessageRun): Promise<void> {
  await expect.poll(state).toBe('parked');
}

const steps = (calls: readonly Call[]) =>
  calls.map(({ activity }) => activity).filter((activity) => activity !== 'seek');

const replays = async ({ handle }: MessageRun): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());

describe('a lookup that bears the mark of the provider', () => {
  it('and finds the reward settles an unknown outcome as granted', async () => {
    await withMessage(
      { reward: async () => unknown, lookup: async () => says('granted') },
      async ({ result, called }) => {
        expect(await result()).toMatchObject({ outcome: 'granted', resolvedBy: 'lookup' });
        expect(called('reward')).toBe(1);
      },
      withLookup,
    );
  });

  it('and says absent twice, the longer of both times apart, has the message sent once more', async () => {
    const answers: LookupAnswer[] = [];
    const lookup: MessageActivities['lookup'] = async () => {
      const answer = says('absent');
      answers.push(answer);
      return answer;
    };
    let rounds = 0;
    const reward = async () => (++rounds < 2 ? unknown : granted);
    await withMessage(
      { reward, lookup },
      async (run) => {
        expect(await run.result()).toMatchObject({ outcome: 'granted', round: 2 });
        expect(steps(run.calls)).toEqual(['reward', 'lookup', 'lookup', 'reopen', 'reward']);
        const [first, second] = answers.map(({ askedAt }) => askedAt);
        expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(ATTEMPT_TIMEOUT_MS);
        // Both count: the one that the ledger is told of is the earlier one.
        expect(run.calls.find(({ activity }) => activity === 'reopen')?.request).toMatchObject({ observedAt: first });
        await replays(run);
      },
      withLookup,
    );
  });

  it('and says absent of a time at which the request may still take effect is asked again', async () => {
    let asked = 0;
    const lookup: MessageActivities['lookup'] = async () =>
      says('absent', ++asked === 1 ? { askedAt: SETTLES_WITHIN_MS } : {});
    let rounds = 0;
    await withMessage(
      { reward: async () => (++rounds < 2 ? unknown : granted), lookup },
      async ({ result, calls }) => {
        expect(await result()).toMatchObject({ outcome: 'granted', round: 2 });
        expect(steps(calls)).toEqual(['reward', 'lookup', 'lookup', 'lookup', 'reopen', 'reward']);
      },
      withLookup,
    );
  });
});

describe('a lookup that says absent for ever, of a provider that never grants', () => {
  it('has a message sent twice, and then parks it with what was said', async () => {
    await withMessage(
      { reward: async () => unknown, lookup: async () => says('absent') },
      async (run) => {
        await isParked(run);
        expect(run.called('reward')).toBe(2);
        expect(run.called('reopen')).toBe(1);
        expect(run.calls.findLast(({ activity }) => activity === 'park')?.request).toMatchObject({
          round: 2,
          evidence: {
            lookup: { result: 'absent', detail: 'it says absent', status: 404, askedAt: expect.any(Number) },
          },
        });
        await replays(run);
      },
      withLookup,
    );
  });

  it('has it sent no third time by itself, however often a person sends it', async () => {
    await withMessage(
      { reward: async () => unknown, lookup: async () => says('absent') },
      async (run) => {
        for (let round = 2; round <= 11; round += 1) {
          await expect.poll(() => run.called('park')).toBeGreaterThanOrEqual(round - 1);
          await isParked(run);
          const answer = { round, resolution: 'resend', actor: 'ann', reason: 'again', force: true } as const;
          await run.handle.executeUpdate(resolveUpdate, { args: [answer] });
        }
        await expect.poll(() => run.called('reward')).toBe(12);
        await isParked(run);
        // Ten by the person, one by the lookup.
        expect(run.called('reopen')).toBe(11);
      },
      withLookup,
    );
  });

  it.each([
    [
      10,
      'another run may have sent',
      { takeOver: async () => ({ found: 'unknown', owner: 'kafka', round: 1 }) as const },
    ],
    [1, 'the ledger has lost what another run sent', { takeOver: async () => ({ found: 'unclaimed' }) as const }],
    [
      1,
      'the ledger knows nothing of what another run sent',
      { takeOver: async () => ({ found: 'clean', owner: 'kafka', round: 0 }) as const },
    ],
  ])('has it sent by none of %i runs of which %s', async (runs, _what, told) => {
    for (let resumed = 0; resumed < runs; resumed += 1) {
      await withMessage(
        { ...told, lookup: async () => says('absent') },
        async (run) => {
          await isParked(run);
          // Asked until it counts; nothing follows from it.
          expect(steps(run.calls)).toEqual(['takeOver', 'lookup', 'lookup', 'park']);
        },
        (input) => ({ ...withLookup(input), resumes: { fromRun: `run-${resumed}`, attempted: true } }),
      );
    }
  });

  it('has it sent once more by a resumed run of which nobody can have sent anything', async () => {
    let rounds = 0;
    await withMessage(
      {
        takeOver: async () => ({ found: 'clean', owner: 'kafka', round: 0 }),
        reward: async () => (++rounds < 2 ? unknown : granted),
        lookup: async () => says('absent'),
      },
      async ({ result }) => expect(await result()).toMatchObject({ outcome: 'granted', round: 2 }),
      (input) => ({ ...withLookup(input), resumes: { fromRun: 'old', attempted: false } }),
    );
  });
});

describe('hearsay', () => {
  it.each<[string, LookupAnswer['result'], Partial<LookupAnswer>]>([
    ['an absent of a worker of before there were marks', 'absent', { marked: undefined as never }],
    ['a granted of a worker of before there were marks', 'granted', { marked: undefined as never }],
    ['an answer without a mark', 'unknown', { evidence: { detail: 'h answered 404, without a mark', status: 404 } }],
  ])('such as %s is parked with what was said, after the last look', async (_what, result, more) => {
    await withMessage(
      { reward: async () => unknown, lookup: async () => says(result, { inVain: true, ...more }) },
      async (run) => {
        await isParked(run);
        expect(run.called('reward')).toBe(1);
        expect(steps(run.calls)).toEqual(['reward', 'lookup', 'park']);
        expect(run.calls.findLast(({ activity }) => activity === 'park')?.request).toMatchObject({
          evidence: { lookup: { result: 'unknown', detail: expect.any(String) } },
        });
      },
      withLookup,
    );
  });

  it('between two absents does not make up for one of them', async () => {
    const answers: LookupAnswer['result'][] = ['absent', 'unknown', 'absent'];
    let asked = 0;
    let rounds = 0;
    await withMessage(
      {
        reward: async () => (++rounds < 2 ? unknown : granted),
        lookup: async () => says(answers[asked++] ?? 'unknown'),
      },
      async ({ result, calls }) => {
        expect(await result()).toMatchObject({ outcome: 'granted', round: 2 });
        expect(steps(calls)).toEqual(['reward', 'lookup', 'lookup', 'lookup', 'reopen', 'reward']);
      },
      withLookup,
    );
  });
});
