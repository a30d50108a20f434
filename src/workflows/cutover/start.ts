import type { WorkflowStartOptions } from '@temporalio/client';
import { cutoverTaskQueue, cutoverWorkflowId } from '../names.js';
import type { cutover } from './cutover.js';

/**
 * How the cutover workflow is made on first need: one that is open is left as it is, and one that was ended by hand is
 * made anew, to go on from the copy in Redis.
 */
export function cutoverStartOptions(migration: string) {
  return {
    workflowId: cutoverWorkflowId(migration),
    taskQueue: cutoverTaskQueue(migration),
    args: [{ migration }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `the policy of ${migration}`,
  } satisfies WorkflowStartOptions<typeof cutover>;
}
