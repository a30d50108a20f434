import { STAGE_NAMES } from '../../src/domain/flow/flow.js';
import { readMetric } from '../../test/support/metric.js';
import type { WorkerProcess } from '../../test/support/worker-process.js';

/** What each worker has in hand, by stage, in a few words. */
export async function describeStages(workers: readonly WorkerProcess[]): Promise<string> {
  const told = workers.map(async (worker) => {
    const counts = STAGE_NAMES.map(async (stage) => ({
      stage,
      count: await readMetric(worker, 'handover_intake_deliveries', { stage }),
    }));
    const filled = (await Promise.all(counts)).filter(({ count }) => count > 0);
    return `${worker.side}: ${filled.map(({ stage, count }) => `${stage} ${count}`).join(', ') || 'nothing in hand'}`;
  });
  return (await Promise.all(told)).join('; ');
}
