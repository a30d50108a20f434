import { type Client, isGrpcServiceError } from '@temporalio/client';
import { arrayFromPayloads, defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { MessageInput } from '../domain/run.js';
import { isSide, type Side } from '../domain/side.js';
import type { RewardRequest } from './reward-attempt.js';

/** What Temporal's histories of all runs of a message say, taken together. */
export interface EarlierAttempts {
  /** An attempt at the reward was scheduled or may have been made, or a history that could tell is gone. */
  readonly attempted: boolean;
  /** The side for which it was, the newest first. */
  readonly owner?: Side;
}

export type FindAttempts = (messageId: string) => Promise<EarlierAttempts>;

export type History = temporal.api.history.v1.IHistory;

/** Type name of the activity that makes an attempt. */
const REWARD_ACTIVITY = 'reward';

/**
 * Looks through the newest run, those that it goes back to (by a reset, by continue-as-new, by `resume`), and whatever
 * else Temporal lists by this ID. The list alone would not do, as it follows the histories by a moment.
 */
export function findAttemptsIn(client: Client): FindAttempts {
  async function* runsOf(messageId: string): AsyncGenerator<string> {
    yield (await client.workflow.getHandle(messageId).describe()).runId;
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${messageId}'` })) yield runId;
  }

  return async (messageId) => {
    const looked = new Set<string>();
    let known: EarlierAttempts = { attempted: false };
    for await (const first of runsOf(messageId)) {
      for (const runs = [first]; runs.length > 0; ) {
        const runId = runs.shift();
        if (runId === undefined || looked.has(runId)) continue;
        looked.add(runId);
        const history = await historyOf(client, messageId, runId);
        const found = history === undefined ? FORGOTTEN : attemptsIn(history);
        if (found.attempted && found.owner !== undefined) return found;
        known = found.attempted ? found : known;
        if (history !== undefined) runs.push(...earlierRuns(history));
      }
    }
    return known;
  };
}

/** A run that Temporal has forgotten may have sent. */
const FORGOTTEN: EarlierAttempts = { attempted: true };

/** gRPC's, which the client does not turn into an error of its own where a history is asked for. */
const NOT_FOUND = 5;

async function historyOf(client: Client, messageId: string, runId: string): Promise<History | undefined> {
  try {
    return await client.workflow.getHandle(messageId, runId).fetchHistory();
  } catch (error) {
    if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return undefined;
    throw error;
  }
}

/** What a run was started with, as far as it can be read. */
export function startOf({ events }: History): { readonly input?: MessageInput; readonly body?: Uint8Array } {
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  const [input, body] = arrayFromPayloads(defaultPayloadConverter, started?.input?.payloads);
  return {
    ...(typeof input === 'object' && input !== null && { input: input as MessageInput }),
    ...(body instanceof Uint8Array && { body }),
  };
}

/**
 * The last attempt that the run has scheduled, or what it was told of earlier ones. A run that was given a witness may
 * have made its first attempt within a workflow task, of which no history tells if the worker died in it.
 */
export function attemptsIn(history: History): EarlierAttempts {
  const scheduled = (history.events ?? [])
    .map((event) => event.activityTaskScheduledEventAttributes)
    .findLast((attributes) => attributes?.activityType?.name === REWARD_ACTIVITY);
  if (scheduled == null) {
    const { resumes, witness, decision } = startOf(history).input ?? {};
    if (witness !== undefined && decision !== undefined) return { attempted: true, owner: decision.owner };
    const { attempted = false, owner } = resumes ?? {};
    return { attempted, ...(owner !== undefined && { owner }) };
  }
  const [request] = arrayFromPayloads(defaultPayloadConverter, scheduled.input?.payloads);
  const owner = (request as Partial<RewardRequest> | undefined)?.owner;
  return { attempted: true, ...(isSide(owner) && { owner }) };
}

function earlierRuns(history: History): string[] {
  const [first] = history.events ?? [];
  const { originalExecutionRunId, continuedExecutionRunId } = first?.workflowExecutionStartedEventAttributes ?? {};
  const resetFrom = (history.events ?? []).map((event) => event.workflowTaskFailedEventAttributes?.baseRunId);
  const resumedFrom = startOf(history).input?.resumes?.fromRun;
  return [...resetFrom, originalExecutionRunId, continuedExecutionRunId, resumedFrom].filter(
    (run) => run != null && run !== '',
  ) as string[];
}
