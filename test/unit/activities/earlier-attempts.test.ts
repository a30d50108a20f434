import { defaultPayloadConverter, toPayloads } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { findAttemptsIn } from '../../../src/activities/earlier-attempts.js';

type Event = Record<string, unknown>;

const started = (runId: string, resumes?: object): Event => ({
  workflowExecutionStartedEventAttributes: {
    originalExecutionRunId: runId,
    input: { payloads: toPayloads(defaultPayloadConverter, { decision: {}, ...(resumes && { resumes }) }) },
  },
});
const attempt = (owner: string): Event => ({
  activityTaskScheduledEventAttributes: {
    activityType: { name: 'reward' },
    input: { payloads: toPayloads(defaultPayloadConverter, { owner }) },
  },
});
const resetFrom = (baseRunId: string): Event => ({ workflowTaskFailedEventAttributes: { baseRunId } });

/** The newest run first; `listed`: what visibility shows. A run without a history is one that Temporal has forgotten. */
function find(histories: Readonly<Record<string, readonly Event[]>>, listed: readonly string[] = []) {
  const [newest] = Object.keys(histories);
  return findAttemptsIn({
    workflow: {
      getHandle: (_id: string, runId: string) => ({
        describe: async () => ({ runId: newest }),
        fetchHistory: async () => {
          const events = histories[runId];
          if (events === undefined)
            throw Object.assign(new Error('NOT_FOUND'), { code: 5, details: 'gone', metadata: {} });
          return { events };
        },
      }),
      async *list() {
        for (const runId of listed) yield { runId };
      },
    },
  } as never)('m-1');
}

describe('what earlier runs of a message have attempted', () => {
  it('is nothing where no history shows an attempt', async () => {
    expect(await find({ b: [started('a'), resetFrom('a')], a: [started('a')] })).toEqual({ attempted: false });
  });

  it('is found in the run that a reset goes back to, which visibility need not show yet', async () => {
    const histories = { b: [started('a'), resetFrom('a')], a: [started('a'), attempt('rocketmq')] };
    expect(await find(histories)).toEqual({ attempted: true, owner: 'rocketmq' });
  });

  it('is found in the run that was resumed, and is told by the one that resumes', async () => {
    const resumed = started('b', { fromRun: 'a', attempted: false });
    const first = await find({ b: [resumed], a: [started('a'), attempt('kafka')] });
    expect(first).toEqual({ attempted: true, owner: 'kafka' });
    const told = started('b', { fromRun: 'a', attempted: true, owner: 'rocketmq' });
    expect(await find({ b: [told], a: [started('a')] })).toEqual({ attempted: true, owner: 'rocketmq' });
  });

  it('is found in any other run that Temporal lists', async () => {
    const histories = { c: [started('a'), resetFrom('a')], a: [started('a')], b: [started('b'), attempt('kafka')] };
    expect(await find(histories, ['c', 'b', 'a'])).toEqual({ attempted: true, owner: 'kafka' });
  });

  it('may be anything in a run that Temporal has forgotten', async () => {
    expect(await find({ b: [started('a'), resetFrom('a')] })).toEqual({ attempted: true });
  });
});
