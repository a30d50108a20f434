import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayAll, replayHistories } from '../../chaos/verdict/histories.js';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'histories-'));
  folder = join(root, 'kept');
});
afterEach(() => rm(root, { recursive: true }));

/** Temporal with a history for each of these, as far as it is asked for one. */
function clientWith(...known: readonly string[]): Client {
  return clientOf(known, []);
}

function clientOf(known: readonly string[], reset: readonly string[]): Client {
  const getHandle = (id: string) => ({
    fetchHistory: async () => {
      if (!known.includes(id)) throw new WorkflowNotFoundError('not found', id, undefined);
      return {
        events: reset.includes(id) ? [{ workflowTaskFailedEventAttributes: { baseRunId: 'the run before' } }] : [],
      };
    },
  });
  return { workflow: { getHandle } } as unknown as Client;
}

function failingFor(...workflowIds: readonly string[]): ReplayAll {
  return async function* (histories) {
    for await (const { workflowId } of histories)
      yield { workflowId, error: workflowIds.includes(workflowId) ? new Error('nondeterminism') : undefined };
  };
}

describe('the histories of a chaos run', () => {
  it('that do not replay are named and kept, although their messages have come to an end', async () => {
    const workflowIds = ['m1', 'm2', 'm3'];
    const parts = { client: clientWith(...workflowIds), workflowIds, unended: new Set<string>(), folder };
    const broken = await replayHistories({ ...parts, replayAll: failingFor('m2') });
    expect(broken).toEqual([expect.stringMatching(/^m2 does not replay: nondeterminism \(.*m2\.json\)$/)]);
    expect(await readdir(folder)).toEqual(['m2.json']);
  });

  it('are kept of messages that did not come to an end, although they replay', async () => {
    const workflowIds = ['m1', 'm2'];
    const parts = { client: clientWith(...workflowIds), workflowIds, unended: new Set(['m1']), folder };
    expect(await replayHistories({ ...parts, replayAll: failingFor() })).toEqual([]);
    expect(await readdir(folder)).toEqual(['m1.json']);
  });

  it('are replayed for every message that has one', async () => {
    const replayed: string[] = [];
    const replayAll: ReplayAll = async function* (histories) {
      for await (const { workflowId } of histories) {
        replayed.push(workflowId);
        yield { workflowId };
      }
    };
    const workflowIds = ['m1', 'lost', 'm3'];
    await replayHistories({ client: clientWith('m1', 'm3'), workflowIds, unended: new Set(), folder, replayAll });
    expect(replayed).toEqual(['m1', 'm3']);
  });

  it('of runs that a reset has made are left out, as the SDK would replay them as the run before', async () => {
    const workflowIds = ['m1', 'reset'];
    const client = clientOf(workflowIds, ['reset']);
    const parts = { client, workflowIds, unended: new Set<string>(), folder };
    expect(await replayHistories({ ...parts, replayAll: failingFor('reset') })).toEqual([]);
  });
});
