import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { MessageSettings } from '../../../src/domain/run.js';
import { MIGRATION_MEMO } from '../../../src/intake/start-options.js';
import { Starter } from '../../../src/intake/starter.js';
import { MESSAGE_WORKFLOW } from '../../../src/workflows/names.js';

/** A Temporal with one workflow, and what the ledger was told. */
function createStarter(status: 'RUNNING' | 'COMPLETED', type: string, migration: string) {
  const noted: string[] = [];
  const description = {
    workflowId: 'm-1',
    type,
    memo: { [MIGRATION_MEMO]: migration },
    status: { name: status },
    searchAttributes: {},
  } as unknown as WorkflowExecutionDescription;
  const handle = { describe: async () => description, result: async () => undefined };
  const starter = new Starter({
    client: { workflow: { getHandle: () => handle } } as unknown as Pick<Client, 'workflow'>,
    ledger: {
      settle: async () => Promise.reject(new Error('nothing is settled by it')),
      strand: async (_id, _run, why) => noted.push(why) > 0,
      unindex: async () => undefined,
    },
    migration: 'rewards',
    settings: {} as MessageSettings,
    side: 'kafka',
    readRun: async () => 'run-1',
  });
  return { starter, noted };
}

describe('a message that nobody has claimed, and of which a workflow is found', () => {
  it.each([
    ['of another type', 'report', 'rewards', 'RUNNING'],
    ['of another migration', MESSAGE_WORKFLOW, 'points', 'RUNNING'],
    ['of another type, which has ended', 'report', 'rewards', 'COMPLETED'],
  ] as const)('is shown where that is %s: nothing will ever claim it', async (_, type, migration, status) => {
    const { starter, noted } = createStarter(status, type, migration);
    expect(await starter.check('m-1', undefined)).toBe('stranded');
    expect(noted).toEqual([expect.stringMatching(/^another workflow \(.* goes by its ID/)]);
  });

  it('is in the hands of its own', async () => {
    const { starter, noted } = createStarter('RUNNING', MESSAGE_WORKFLOW, 'rewards');
    expect(await starter.check('m-1', undefined)).toBe('delivered');
    expect(noted).toEqual([]);
  });
});
