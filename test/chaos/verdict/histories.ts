import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { toError } from '../../../src/domain/errors.js';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

export interface Replay {
  readonly workflowId: string;
  readonly error?: Error | undefined;
}

export type ReplayAll = (
  histories: AsyncIterable<{ readonly workflowId: string; readonly history: History }>,
) => AsyncIterable<Replay>;

export interface HistoriesOptions {
  readonly client: Client;
  readonly workflowIds: readonly string[];
  /** Those that have not come to an end: their histories are kept too, as nobody can ask for them later. */
  readonly unended: ReadonlySet<string>;
  /** Where the histories are kept of what did not end or does not replay; made when it is needed. */
  readonly folder: string;
  readonly replayAll?: ReplayAll;
}

/** The workflows as they are shipped. */
const BUNDLE = fileURLToPath(new URL('../../../dist/workflow-bundle.js', import.meta.url));

/**
 * Replays the history of every workflow of a run. One that does not replay can never go on with another worker, which may
 * not show until one dies: so it is a finding even where the message has come to an end.
 *
 * @returns a sentence for each workflow that does not replay, with the file that holds its history.
 */
export async function replayHistories(options: HistoriesOptions): Promise<readonly string[]> {
  const { client, workflowIds, unended, folder, replayAll = replayWithBundle } = options;
  const kept = new Map<string, History>();
  const broken: string[] = [];

  async function* histories(): AsyncGenerator<{ workflowId: string; history: History }> {
    for (const workflowId of workflowIds) {
      const history = await fetch(client, workflowId);
      if (history === undefined) continue;
      if (isOfReset(history)) {
        if (unended.has(workflowId)) await keep(folder, workflowId, history);
        continue;
      }
      kept.set(workflowId, history);
      yield { workflowId, history };
    }
  }

  for await (const { workflowId, error } of replayAll(histories())) {
    const history = kept.get(workflowId);
    kept.delete(workflowId);
    if (history === undefined || (error === undefined && !unended.has(workflowId))) continue;
    const file = await keep(folder, workflowId, history);
    if (error !== undefined) broken.push(`${workflowId} does not replay: ${toError(error).message} (${file})`);
  }
  return broken;
}

/**
 * Whether a reset made the run. The SDK replays such a history under the ID of the run before, and to handover that is another
 * run: it would go another way than it did.
 */
function isOfReset({ events }: History): boolean {
  return (events ?? []).some(({ workflowTaskFailedEventAttributes: failed }) => (failed?.baseRunId ?? '') !== '');
}

function replayWithBundle(histories: Parameters<ReplayAll>[0]): AsyncIterable<Replay> {
  return Worker.runReplayHistories({ workflowBundle: { codePath: BUNDLE } }, histories);
}

async function fetch(client: Client, workflowId: string): Promise<History | undefined> {
  try {
    return await client.workflow.getHandle(workflowId).fetchHistory();
  } catch (error) {
    // A message without a workflow is a loss, which the verdict finds.
    if (error instanceof WorkflowNotFoundError || isNotFound(error)) return undefined;
    throw error;
  }
}

/** gRPC's code, which the client does not turn into an error of its own where a history is asked for. */
function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 5;
}

async function keep(folder: string, workflowId: string, history: History): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${encodeURIComponent(workflowId)}.json`);
  await writeFile(file, historyToJSON(history));
  return file;
}
