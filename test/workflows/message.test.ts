import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SeekResult } from '../../src/activities/ownership.js';
import { BEFORE_START } from '../../src/domain/policy/start.js';
import type { MessageInput } from '../../src/domain/run.js';
import { deliveredSignal, resolveUpdate, retryingSignal } from '../../src/workflows/message/contract.js';
import {
  claimedByKafka,
  claimedByRocketmq,
  granted,
  type MessageActivities,
  notExecuted,
  unknown,
  waitingForRocketmq,
} from '../support/temporal/fake-activities.js';
import { createMessageRunner, deliveredByKafka, type MessageRunner } from '../support/temporal/message-runner.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let withMessage: MessageRunner;

beforeAll(async () => {
  environment = await createLocalEnvironment();
  withMessage = createMessageRunner(environment, await bundleWorkflows());
});
afterAll(async () => {
  await environment.teardown();
});

const answer = { actor: 'ann', reason: 'asked the provider' };

describe('a message that its owner delivers', () => {
  it('is rewarded and completes with the outcome, in at most 12 history events', async () => {
    await withMessage({}, async ({ handle, result, calls }) => {
      expect(await result()).toMatchObject({ outcome: 'granted', owner: 'kafka', round: 1, attempt: 1 });
      expect(calls.map(({ activity }) => activity)).toEqual(['seek', 'reward']);
      const { events } = await handle.fetchHistory();
      expect(events?.length).toBeLessThanOrEqual(12);
    });
  });

  it('tells every attempt how the ledger was when it was claimed', async () => {
    const witness = { epoch: 'e-1', server: 's-1' };
    const seek = async (): Promise<SeekResult> => ({ ...claimedByKafka, witness });
    await withMessage({ seek }, async ({ result, calls }) => {
      await result();
      expect(calls.find(({ activity }) => activity === 'reward')?.request).toMatchObject({ witness });
    });
  });

  it('is settled by the workflow when the ledger failed after the provider had answered', async () => {
    await withMessage(
      { reward: async () => ({ ...granted, settled: false }) as typeof granted },
      async ({ result, calls }) => {
        expect((await result()).outcome).toBe('granted');
        expect(calls.at(-1)).toMatchObject({
          activity: 'settle',
          request: { outcome: 'granted', round: 1, attempt: 1 },
        });
      },
    );
  });

  it('is tried again after an attempt that was surely not executed, as the same activity', async () => {
    let attempts = 0;
    const reward = async (): Promise<typeof granted> => (++attempts < 3 ? notExecuted() : granted);
    await withMessage({ reward }, async ({ handle, result }) => {
      expect((await result()).outcome).toBe('granted');
      expect(attempts).toBe(3);
      const { events } = await handle.fetchHistory();
      expect(events?.filter((event) => event.activityTaskScheduledEventAttributes != null)).toHaveLength(1);
    });
  });
});

describe('a message that the other side delivers first', () => {
  it('waits, and is rewarded by the owner once that has delivered it', async () => {
    const seek: MessageActivities['seek'] = async ({ delivered }) =>
      delivered.some(({ side }) => side === 'rocketmq') ? claimedByRocketmq : waitingForRocketmq;
    await withMessage(
      { seek },
      async ({ handle, result, called, state, calls }) => {
        await vi.waitFor(() => expect(called('seek')).toBeGreaterThan(2), 10_000);
        expect((await handle.describe()).status.name).toBe('RUNNING');
        expect(await state()).toBe('waiting');
        expect(called('reward')).toBe(0);
        await handle.signal(deliveredSignal, { side: 'rocketmq', receivedAt: 2 });
        expect(await result()).toMatchObject({ outcome: 'granted', owner: 'rocketmq' });
        expect(calls.find(({ activity }) => activity === 'reward')?.request).toMatchObject({ owner: 'rocketmq' });
        expect(await state()).toBe('processing');
      },
      deliveredByKafka,
    );
  });

  it('of before the start, which nobody will bring, ends without a reward, and says why', async () => {
    const seek = async (): Promise<SeekResult> => ({ found: 'before-start', owner: 'kafka' });
    await withMessage({ seek }, async ({ result, calls }) => {
      expect(await result()).toMatchObject({ outcome: 'abandoned', owner: 'kafka', resolvedBy: BEFORE_START });
      expect(calls.map(({ activity }) => activity)).toEqual(['seek', 'settle']);
      expect(calls[1]?.request).toMatchObject({
        outcome: 'abandoned',
        owner: 'kafka',
        origin: { decision: { owner: 'kafka', reason: BEFORE_START } },
      });
    });
  });

  it('is adopted where that is proved due, and says so', async () => {
    const adopted: SeekResult = {
      found: 'claimed',
      owner: 'kafka',
      reason: 'adopted: rocketmq is past it',
      adopted: true,
    };
    let looks = 0;
    await withMessage(
      { seek: async () => (++looks < 3 ? waitingForRocketmq : adopted) },
      async ({ result, state }) => {
        expect(await result()).toMatchObject({ outcome: 'granted', owner: 'kafka' });
        expect(await state()).toBe('adopted');
      },
      deliveredByKafka,
    );
  });
});

describe('an unknown outcome', () => {
  it('is no question any more where the ledger has the outcome, as a worker died after it had settled', async () => {
    await withMessage({ reward: async () => unknown, park: async () => 'granted' }, async ({ result, called }) => {
      expect(await result()).toMatchObject({ outcome: 'granted', resolvedBy: 'ledger' });
      expect(called('reward')).toBe(1);
    });
  });

  it('parks the message, and is never sent again by itself', async () => {
    await withMessage({ reward: async () => unknown }, async ({ handle, called, state, calls }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      expect(called('reward')).toBe(1);
      expect(calls.find(({ activity }) => activity === 'park')?.request).toMatchObject({ round: 1, attempt: 1 });
      expect((await handle.describe()).status.name).toBe('RUNNING');
    });
  });

  it('is over when the provider’s answer reaches the ledger after all, from an attempt that had been given up', async () => {
    let parkings = 0;
    const park: MessageActivities['park'] = async () => (++parkings > 1 ? 'granted' : undefined);
    await withMessage({ reward: async () => unknown, park }, async ({ result, called, state }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      expect(await result()).toMatchObject({ outcome: 'granted', resolvedBy: 'ledger' });
      expect(called('reward')).toBe(1);
    });
  });

  it('stays parked to the eye when an execution that was taken for dead says that it is retrying', async () => {
    await withMessage({ reward: async () => unknown }, async ({ handle, state }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      await handle.signal(retryingSignal);
      await handle
        .executeUpdate(resolveUpdate, { args: [{ ...answer, round: 2, resolution: 'granted' }] })
        .catch(() => undefined);
      expect(await state()).toBe('parked');
    });
  });

  it.each([
    ['granted', 'granted'],
    ['abandon', 'abandoned'],
  ] as const)('is resolved as %s by a person, audited and single use', async (resolution, outcome) => {
    await withMessage({ reward: async () => unknown }, async ({ handle, result, calls, called, state }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      await handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution, ...answer }] });
      expect(await result()).toMatchObject({ outcome, resolvedBy: 'ann' });
      expect(called('reward')).toBe(1);
      expect(calls.find(({ activity }) => activity === 'audit')?.request).toMatchObject({
        resolution,
        ...answer,
        round: 1,
      });
      const second = handle.executeUpdate(resolveUpdate, {
        args: [{ round: 1, resolution: 'resend', givenAt: Date.now(), ...answer }],
      });
      await expect(second).rejects.toThrow();
    });
  });

  it('a resend is judged by when it was given, and one that does not say so is refused unless forced', async () => {
    await withMessage({ reward: async () => unknown }, async ({ handle, calls, state }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      const resend = { round: 1, resolution: 'resend', ...answer } as const;
      await expect(handle.executeUpdate(resolveUpdate, { args: [resend] })).rejects.toMatchObject({
        cause: { message: 'refused: it does not say when it was given' },
      });
      await handle.executeUpdate(resolveUpdate, { args: [{ ...resend, givenAt: 12_345 }] });
      expect(calls.find(({ activity }) => activity === 'reopen')?.request).toMatchObject({
        observedAt: 12_345,
        settlesWithinMs: 60_000,
      });
      await vi.waitFor(() => expect(calls.filter(({ activity }) => activity === 'park')).toHaveLength(2), 10_000);
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      await handle.executeUpdate(resolveUpdate, { args: [{ ...resend, round: 2, force: true }] });
      const forced = calls.filter(({ activity }) => activity === 'reopen').at(-1)?.request;
      expect(forced).toMatchObject({ notBefore: 0, settlesWithinMs: 0 });
      expect(forced).not.toHaveProperty('observedAt');
    });
  });

  it('is sent again in a new round when a person says so, and an answer to the old round is refused', async () => {
    let rounds = 0;
    await withMessage(
      { reward: async () => (++rounds < 3 ? unknown : granted) },
      async ({ handle, result, calls, state }) => {
        await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
        await handle.executeUpdate(resolveUpdate, {
          args: [{ round: 1, resolution: 'resend', givenAt: Date.now(), ...answer }],
        });
        await vi.waitFor(() => expect(calls.filter(({ activity }) => activity === 'park')).toHaveLength(2), 10_000);
        await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
        const late = handle.executeUpdate(resolveUpdate, {
          args: [{ round: 1, resolution: 'resend', givenAt: Date.now(), ...answer }],
        });
        await expect(late).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
        await handle.executeUpdate(resolveUpdate, {
          args: [{ round: 2, resolution: 'resend', givenAt: Date.now(), ...answer }],
        });
        expect(await result()).toMatchObject({ outcome: 'granted', round: 3 });
        const asked = calls
          .filter(({ activity }) => activity === 'reward')
          .map(({ request }) => (request as { round: number }).round);
        expect(asked).toEqual([1, 2, 3]);
      },
    );
  });

  it('stays parked when the ledger says that the last request may still take effect', async () => {
    const reopen: MessageActivities['reopen'] = async ({ notBefore }) =>
      notBefore === 0
        ? { reopened: true, round: 2 }
        : { reopened: false, why: 'the last request may still take effect' };
    let rounds = 0;
    const reward = async () => (++rounds < 2 ? unknown : granted);
    await withMessage({ reward, reopen }, async ({ handle, result, state, called }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      const early = handle.executeUpdate(resolveUpdate, {
        args: [{ round: 1, resolution: 'resend', givenAt: Date.now(), ...answer }],
      });
      await expect(early).rejects.toMatchObject({
        cause: { message: expect.stringContaining('may still take effect') },
      });
      expect(called('audit')).toBe(0);
      expect(await state()).toBe('parked');
      await handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution: 'resend', force: true, ...answer }] });
      expect((await result()).round).toBe(2);
    });
  });

  it('is parked with the time from which a resend is accepted, never before the deadline of the last attempt', async () => {
    const deadline = 1_000_000;
    const reward: MessageActivities['reward'] = async () => ({ ...unknown, deadline }) as typeof unknown;
    const reopen: MessageActivities['reopen'] = async ({ notBefore }) => ({
      reopened: false,
      why: `until ${notBefore}`,
    });
    for (const settlesWithinMs of [60_000, 0]) {
      await withMessage(
        { reward, reopen },
        async ({ handle, state, calls }) => {
          await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
          expect(calls.find(({ activity }) => activity === 'park')?.request).toMatchObject({
            evidence: { resendAfter: deadline + settlesWithinMs },
          });
          const early = handle.executeUpdate(resolveUpdate, {
            args: [{ round: 1, resolution: 'resend', givenAt: Date.now(), ...answer }],
          });
          await expect(early).rejects.toMatchObject({
            cause: { message: `refused: until ${deadline + settlesWithinMs}` },
          });
        },
        (input) => ({ ...input, settings: { ...input.settings, settlesWithinMs } }),
      );
    }
  });

  it('of an activity that was never heard of again parks the message', async () => {
    const reward = async (): Promise<never> => {
      throw ApplicationFailure.nonRetryable('the worker lost its mind', 'Bug');
    };
    await withMessage({ reward }, async ({ state, calls }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      expect(calls.find(({ activity }) => activity === 'park')?.request).toMatchObject({ evidence: { phase: 'sent' } });
    });
  });
});

describe('exhausted retries', () => {
  it('park the message, saying so, and a resend needs no wait', async () => {
    let mended = false;
    const reward = async () => (mended ? granted : notExecuted());
    await withMessage({ reward }, async ({ handle, result, state, called, calls }) => {
      await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
      expect(called('reward')).toBe(3);
      expect(calls.find(({ activity }) => activity === 'park')?.request).toMatchObject({
        evidence: { detail: expect.stringContaining('retries exhausted'), resendAfter: 0 },
      });
      mended = true;
      await handle.executeUpdate(resolveUpdate, {
        args: [{ round: 1, resolution: 'resend', givenAt: Date.now(), ...answer }],
      });
      expect((await result()).outcome).toBe('granted');
      expect(calls.find(({ activity }) => activity === 'reopen')?.request).toMatchObject({ notBefore: 0 });
    });
  });
});

describe('a run that takes over from a closed one', () => {
  const resumes = (attempted: boolean) => (input: MessageInput) => ({
    ...input,
    resumes: { fromRun: 'old', attempted },
  });

  it('parks what may have been sent', async () => {
    const takeOver: MessageActivities['takeOver'] = async () => ({ found: 'unknown', owner: 'kafka', round: 1 });
    await withMessage(
      { takeOver },
      async ({ state, called }) => {
        await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
        expect(called('reward')).toBe(0);
      },
      resumes(false),
    );
  });

  it('goes on for the side that the earlier one held the message for, where the ledger knows of none', async () => {
    await withMessage(
      {},
      async ({ state, calls }) => {
        await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
        expect(calls.map(({ activity }) => activity)).toEqual(['takeOver', 'park']);
        expect(calls.map(({ request }) => request)).toMatchObject([{ owner: 'rocketmq' }, { owner: 'rocketmq' }]);
      },
      (input) => ({ ...input, resumes: { fromRun: 'old', attempted: true, owner: 'rocketmq' } }),
    );
  });

  it('heeds a delivery that the earlier one may have been told of', async () => {
    await withMessage(
      {},
      async ({ result, calls }) => {
        expect(await result()).toMatchObject({ outcome: 'granted' });
        expect(calls.find(({ activity }) => activity === 'seek')?.request).toMatchObject({ heedsSeen: true });
      },
      resumes(false),
    );
  });

  it("does not believe a clean ledger against Temporal's history", async () => {
    const takeOver: MessageActivities['takeOver'] = async () => ({ found: 'clean', owner: 'kafka', round: 0 });
    await withMessage(
      { takeOver },
      async ({ state, called }) => {
        await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
        expect(called('reward')).toBe(0);
      },
      resumes(true),
    );
  });

  it('parks what was attempted although the ledger, having lost it, shows it unclaimed', async () => {
    const takeOver: MessageActivities['takeOver'] = async () => ({ found: 'unclaimed' });
    await withMessage(
      { takeOver },
      async ({ state, called }) => {
        await vi.waitFor(async () => expect(await state()).toBe('parked'), 10_000);
        expect(called('reward')).toBe(0);
      },
      resumes(true),
    );
  });

  it('goes on where nothing was ever attempted', async () => {
    const takeOver: MessageActivities['takeOver'] = async () => ({ found: 'clean', owner: 'kafka', round: 0 });
    await withMessage(
      { takeOver },
      async ({ result }) => expect((await result()).outcome).toBe('granted'),
      resumes(false),
    );
  });
});
