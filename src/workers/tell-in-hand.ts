import type { OwnershipActivities } from '../activities/ownership.js';
import type { RewardActivities } from '../activities/reward.js';
import type { InlineActivities } from '../activities/reward-inline.js';
import type { InHand } from '../intake/in-hand.js';

type Told = OwnershipActivities & InlineActivities & Pick<RewardActivities, 'reward'>;

/** The same activities, which tell intake what has become of the messages that this process has in hand. */
export function tellInHand({ seek, rewardInline, reward }: Told, inHand: InHand): Told {
  async function telling<T>(messageId: string, attempt: () => Promise<T>): Promise<T> {
    inHand.began(messageId);
    try {
      return await attempt();
    } finally {
      inHand.leave(messageId);
    }
  }

  return {
    async seek(request) {
      const result = await seek(request);
      if (result.found !== 'claimed') inHand.leave(request.messageId);
      return result;
    },
    rewardInline: (request, body) => telling(request.messageId, () => rewardInline(request, body)),
    reward: (request, body) => telling(request.messageId, () => reward(request, body)),
  };
}
