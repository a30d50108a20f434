import { describe, expect, it } from 'vitest';
import type { SeekResult } from '../../../src/activities/ownership.js';
import { InHand } from '../../../src/intake/in-hand.js';
import { tellInHand } from '../../../src/workers/tell-in-hand.js';

const request = { messageId: 'a' } as never;

describe('intake is told that a message has left', () => {
  function told(found: SeekResult, attempt: () => Promise<never>) {
    const inHand = new InHand();
    const activities = tellInHand({ seek: async () => found, reward: attempt, rewardInline: attempt }, inHand);
    const left = inHand.take('a').then(() => 'left' as const);
    const now = () => Promise.race([left, new Promise((resolve) => setImmediate(() => resolve('in hand')))]);
    return { activities, now };
  }
  const claimed: SeekResult = { found: 'claimed', owner: 'kafka', reason: 'switch off', adopted: false };
  const fails = async (): Promise<never> => {
    throw new Error('not executed');
  };

  it('when its attempt has ended, however that went', async () => {
    for (const name of ['reward', 'rewardInline'] as const) {
      const { activities, now } = told(claimed, fails);
      await activities.seek(request);
      expect(await now()).toBe('in hand');
      await expect(activities[name](request, new Uint8Array())).rejects.toThrow('not executed');
      expect(await now()).toBe('left');
    }
  });

  it('when it waits for the other side', async () => {
    const { activities, now } = told({ found: 'waiting', owner: 'rocketmq', why: 'whitelisted' }, fails);
    await activities.seek(request);
    expect(await now()).toBe('left');
  });
});
