import type { Client } from '@temporalio/client';
import { median } from './statistics.js';

/** What Temporal keeps of one message's workflow, the median of several. */
export interface HistoryCost {
  readonly events: number;
  readonly bytes: number;
  /** What Temporal itself measures load in: each is a write of the workflow's state. */
  readonly stateTransitions: number;
}

/** Asks Temporal what the workflows of these messages have come to. */
export async function measureHistories(
  { workflowService, options }: Client,
  messageIds: readonly string[],
): Promise<HistoryCost> {
  const { namespace } = options;
  const infos = await Promise.all(
    messageIds.map(async (workflowId) => {
      const request = { namespace, execution: { workflowId } };
      const { workflowExecutionInfo } = await workflowService.describeWorkflowExecution(request);
      return workflowExecutionInfo;
    }),
  );
  return {
    events: median(infos.map((info) => Number(info?.historyLength))),
    bytes: median(infos.map((info) => Number(info?.historySizeBytes))),
    stateTransitions: median(infos.map((info) => Number(info?.stateTransitionCount))),
  };
}
