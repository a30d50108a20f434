import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { TextbookActivities } from './textbook-activities.js';

type Side = 'kafka' | 'rocketmq';

/** Sent with the start, by every delivery. */
export const deliveredSignal = defineSignal<[Side]>('delivered');

const { own } = proxyActivities<TextbookActivities>({ startToCloseTimeout: '10 s' });

/** Waits for the owner's delivery, then has the owner's worker ask for the reward. */
export async function textbook(messageId: string, body: string): Promise<string> {
  const delivered = new Set<Side>();
  setHandler(deliveredSignal, (side) => void delivered.add(side));
  const owner = await own(messageId);
  await condition(() => delivered.has(owner));
  const { reward } = proxyActivities<TextbookActivities>({
    taskQueue: `textbook-${owner}`,
    startToCloseTimeout: '20 s',
    // The provider has no idempotency, so an attempt whose outcome is unknown must not be repeated.
    retry: { maximumAttempts: 1 },
  });
  await reward(body);
  return owner;
}
