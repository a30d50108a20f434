import { cancellationSignal } from '@temporalio/activity';
import type { RewardActivities } from '../activities/reward.js';
import type { InlineActivities } from '../activities/reward-inline.js';

type Watched = InlineActivities & Pick<RewardActivities, 'reward'>;

/** The attempts at the reward that this process makes now, and those that a stop has cut off. */
export class AttemptsUnderWay {
  readonly #underWay = new Map<object, string>();
  readonly #cutOff: string[] = [];

  /** The messages whose attempt was cut off, or never ended: their outcome is unknown. */
  get cutOff(): readonly string[] {
    return [...this.#cutOff, ...this.#underWay.values()];
  }

  /** The same activities, watched. */
  watch<T extends Watched>(activities: T): T {
    const { rewardInline, reward } = activities;
    return {
      ...activities,
      rewardInline: (request, body) => this.#attempt(request.messageId, () => rewardInline(request, body)),
      reward: (request, body) => this.#attempt(request.messageId, () => reward(request, body)),
    };
  }

  async #attempt<R extends { readonly outcome: string }>(messageId: string, make: () => Promise<R>): Promise<R> {
    const attempt = {};
    this.#underWay.set(attempt, messageId);
    try {
      const result = await make();
      // Nothing but a stopping worker cancels an attempt: the workflow never does.
      if (result.outcome === 'unknown' && cancellationSignal().aborted) this.#cutOff.push(messageId);
      return result;
    } finally {
      this.#underWay.delete(attempt);
    }
  }
}
