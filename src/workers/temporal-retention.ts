import type { Client } from '@temporalio/client';

/** How long Temporal may take to tell, in ms. */
const PATIENCE_MS = 5_000;

/**
 * For how long Temporal keeps the workflows of the client's namespace after they have closed, in ms.
 * @throws what the client throws; Error, if Temporal does not say
 */
export async function readTemporalRetention(client: Client): Promise<number> {
  const { namespace } = client.options;
  const { config } = await client.withDeadline(Date.now() + PATIENCE_MS, () =>
    client.workflowService.describeNamespace({ namespace }),
  );
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? Number.NaN);
  if (Number.isNaN(seconds))
    throw new Error(`Temporal does not say for how long namespace '${namespace}' keeps workflows`);
  return seconds * 1_000;
}
