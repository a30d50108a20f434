import type { Side } from '../../../domain/side.js';
import { type Indexed, walkByAge } from '../age-index.js';
import type { RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask, runScript } from '../run-script.js';

/**
 * Messages that a sweeper has found without a workflow, by side that has had a copy: for a process of that side to judge, as
 * it alone can read the copy again. What is lost from here is found again by the next sweep.
 */
export interface DoubtedCopies {
  /** Answers since when it is in; entering twice does not make it younger. */
  enter(side: Side, messageId: string): Promise<number>;
  /** Whether it was in until now: of several processes that take it out, one is told so. */
  leave(side: Side, messageId: string): Promise<boolean>;
  /** All of them, with the time since when each is in (Redis time, ms), those that have been in for the longest first. */
  oldest(side: Side): AsyncGenerator<Indexed>;
}

const PURPOSE = { what: 'look after messages without a workflow' };

export function createDoubtedCopies(client: RedisClient, migration: string): DoubtedCopies {
  const keyOf = (side: Side): string => keys.doubted(migration, side);

  return {
    async enter(side, messageId) {
      await runScript(client, 'index', [keyOf(side)], ['NX', messageId], { ...PURPOSE, messageId });
      const since = await ask(client, PURPOSE, () => client.zscore(keyOf(side), messageId));
      // It may have left in between: then it is in no longer than it would be now.
      return since === null ? Number.POSITIVE_INFINITY : Number(since);
    },

    async leave(side, messageId) {
      return (await ask(client, PURPOSE, () => client.zrem(keyOf(side), messageId))) === 1;
    },

    oldest: (side) => walkByAge(client, keyOf(side), '+inf'),
  };
}
