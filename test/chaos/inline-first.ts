import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import pLimit from 'p-limit';
import type { InlineActivities } from '../../src/activities/reward-inline.js';
import type { Scenario } from './scenario.js';

/** Histories read at a time: the server shares the machine with what is judged. */
const AT_A_TIME = 8;

/** The name of a local activity, as the marker that it leaves in the history has it. */
const ATTEMPT: keyof InlineActivities = 'rewardInline';

/**
 * The same scenario, with the first attempt at each reward within the workflow's first task. A run of its own: it publishes
 * other messages, is judged for itself, and belongs to the long set, unless `differs` says otherwise.
 */
export function inlineFirst(
  scenario: Scenario,
  differs: Partial<Pick<Scenario, 'set' | 'leastGranted'>> = {},
): Scenario {
  return { ...scenario, set: 'long', ...differs, name: `${scenario.name}-inline-first`, dispatch: 'inline-first' };
}

/** How many of these messages had their first attempt within a workflow task, by what Temporal has recorded of them. */
export async function countInline(client: Client, messageIds: readonly string[]): Promise<number> {
  const limit = pLimit(AT_A_TIME);
  const inline = await Promise.all(messageIds.map((messageId) => limit(() => wasInline(client, messageId))));
  return inline.filter(Boolean).length;
}

async function wasInline(client: Client, messageId: string): Promise<boolean> {
  const history = await client.workflow
    .getHandle(messageId)
    .fetchHistory()
    .catch((error: unknown) => {
      // A loss, which is for the verdict to find.
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
  return (history?.events ?? []).some(({ markerRecordedEventAttributes: marker }) =>
    Object.values(marker?.details ?? {}).some(({ payloads }) =>
      (payloads ?? []).some(({ data }) => Buffer.from(data ?? []).includes(ATTEMPT)),
    ),
  );
}
