import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { BareActivities } from './bare-worker.js';

const times = { startToCloseTimeout: '20 s', retry: { maximumAttempts: 1 } } as const;
const { own, rewardInline } = proxyLocalActivities<BareActivities>(times);
const { reward } = proxyActivities<BareActivities>(times);

/** The steps that handover's workflow has on its happy path, with nothing in them. */
export async function bare(body: string, inline: boolean): Promise<string> {
  await own();
  await (inline ? rewardInline(body) : reward(body));
  return 'granted';
}
