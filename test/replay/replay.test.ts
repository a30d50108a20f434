import { readdirSync, readFileSync } from 'node:fs';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows, quietenTemporal } from '../support/temporal/temporal-environment.js';

const folder = new URL('./histories/', import.meta.url);
const histories = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  quietenTemporal();
  workflowBundle = await bundleWorkflows();
});

describe('workflows that began under an earlier version go on under this one', () => {
  it.each(histories)('%s', async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, read(name));
  });

  it('which a history of another path would not', async () => {
    const history = read('message-granted-at-once.json');
    const scheduled = history.events.find((event: { eventType: string }) =>
      event.eventType.endsWith('ACTIVITY_TASK_SCHEDULED'),
    );
    scheduled.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse';
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow(/nondeterminis|mismatch/i);
  });
});
