import type { Client } from '@temporalio/client';
import { median } from './statistics.js';

/** Events in the histories of these messages' workflows: the median and the most. */
export async function countEvents(
  { workflowService, options }: Client,
  messageIds: readonly string[],
): Promise<{ readonly median: number; readonly max: number }> {
  const counts = await Promise.all(
    messageIds.map(async (workflowId) => {
      const { namespace } = options;
      const { workflowExecutionInfo } = await workflowService.describeWorkflowExecution({
        namespace,
        execution: { workflowId },
      });
      return Number(workflowExecutionInfo?.historyLength ?? Number.NaN);
    }),
  );
  return { median: median(counts), max: Math.max(...counts) };
}
