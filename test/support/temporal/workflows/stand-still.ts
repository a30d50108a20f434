import { workflowInfo } from '@temporalio/workflow';

/**
 * Stays in one call into the sandbox for so long by the real clock, as promises, which is where a machine that stands
 * still leaves a script. Answers how long it was.
 */
export async function standStill(ms: number): Promise<number> {
  const { now } = workflowInfo().unsafe;
  const startedAt = now();
  while (now() - startedAt < ms) await Promise.resolve();
  return now() - startedAt;
}
