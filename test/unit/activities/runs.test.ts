import { defaultPayloadConverter, toPayloads } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { askTemporalWhetherOpen } from '../../../src/activities/runs.js';

interface Shown {
  readonly status?: string;
  readonly runId: string;
  readonly firstRunId: string;
  /** In the first event of its history. */
  readonly writtenFor?: string;
  readonly input?: { readonly run?: string };
}

function asking({ status = 'RUNNING', runId, firstRunId, writtenFor, input }: Shown) {
  let read = 0;
  const isOpen = askTemporalWhetherOpen({
    options: { namespace: 'default' },
    workflow: {
      getHandle: (workflowId: string) => ({
        describe: async () => ({
          workflowId,
          runId,
          status: { name: status },
          raw: { workflowExecutionInfo: { firstRunId } },
        }),
      }),
    },
    workflowService: {
      getWorkflowExecutionHistory: async () => {
        read += 1;
        const payloads = toPayloads(defaultPayloadConverter, { decision: {}, ...input });
        const workflowExecutionStartedEventAttributes = { originalExecutionRunId: writtenFor, input: { payloads } };
        return { history: { events: [{ workflowExecutionStartedEventAttributes }] } };
      },
    },
  } as never);
  return { isOpen: (run: string) => isOpen('m-1', run), reads: () => read };
}

describe('the open run, by the ID that the ledger knows it by', () => {
  it('is its own, and no history is read, while it is the only one', async () => {
    const { isOpen, reads } = asking({ runId: 'a', firstRunId: 'a' });
    expect([await isOpen('a'), await isOpen('b'), reads()]).toEqual([true, false, 0]);
  });

  it('is that of the first run after continue-as-new', async () => {
    const { isOpen } = asking({ runId: 'b', firstRunId: 'a', writtenFor: 'b' });
    expect([await isOpen('a'), await isOpen('b')]).toEqual([true, false]);
  });

  it('is a new one after a reset, also of a run that continue-as-new has made', async () => {
    const { isOpen } = asking({ runId: 'c', firstRunId: 'a', writtenFor: 'b' });
    expect([await isOpen('a'), await isOpen('b'), await isOpen('c')]).toEqual([false, false, true]);
  });

  it('stays that one through continue-as-new, and changes by a further reset', async () => {
    const input = { run: 'c' };
    const renewed = asking({ runId: 'd', firstRunId: 'a', writtenFor: 'd', input });
    expect([await renewed.isOpen('c'), await renewed.isOpen('a'), await renewed.isOpen('d')]).toEqual([
      true,
      false,
      false,
    ]);
    const again = asking({ runId: 'e', firstRunId: 'a', writtenFor: 'd', input });
    expect([await again.isOpen('c'), await again.isOpen('e')]).toEqual([false, true]);
  });

  it('is nobody once it is closed', async () => {
    expect(await asking({ status: 'TERMINATED', runId: 'a', firstRunId: 'a' }).isOpen('a')).toBe(false);
  });
});
