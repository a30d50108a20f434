import type { Redis } from 'ioredis';
import { bucketOf } from '../../src/domain/message/bucket.js';
import type { Side } from '../../src/domain/side.js';
import type { AskReward } from './ask-reward.js';

export interface TextbookActivities {
  /** Decides whose the message is, once. */
  own(messageId: string): Promise<Side>;
  reward(body: string): Promise<void>;
}

/** Where the rivals that have a percentage read it from. */
export const SHARE_KEY = 'bench:hundredths';
const DAY_SECONDS = 86_400;

export function createTextbookActivities(redis: Redis, askReward: AskReward): TextbookActivities {
  return {
    async own(messageId) {
      const hundredths = Number((await redis.get(SHARE_KEY)) ?? 0);
      const owner: Side = bucketOf('textbook', messageId) <= hundredths ? 'rocketmq' : 'kafka';
      const known = await redis.set(`textbook:${messageId}`, owner, 'EX', DAY_SECONDS, 'NX', 'GET');
      return known === null ? owner : (known as Side);
    },
    reward: (body) => askReward(body),
  };
}
