import { SIDES, type Side } from '../../../domain/side.js';
import type { RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask, runScript } from '../run-script.js';

/** Records that are looked at in one go. */
const BATCH = 200;

const PURPOSE = { what: 'count the waiting messages' };

/**
 * The messages that one side has delivered and that wait for their owner, by owner. A message is entered before its
 * waiting workflow is started; it leaves when a look at its record finds that nobody waits for it any more. So the count
 * may be too high between two looks, and never drifts: a step that was lost leaves nothing behind.
 */
export interface WaitingMessages {
  /** Enters a message, unless `room` others are in already. Entering twice is harmless. */
  enter(owner: Side, messageId: string, room: number): Promise<{ readonly entered: boolean; readonly waiting: number }>;
  /** Takes out a message that has no workflow: nothing of it waits but a delivery, which enters it again. */
  leave(messageId: string): Promise<void>;
  /** How many are entered for each owner. */
  count(): Promise<Record<Side, number>>;
  /** Looks at each, takes out those that are claimed, settled, lost or stranded, and answers how many are left. */
  verify(owner: Side): Promise<number>;
}

export function createWaitingMessages(client: RedisClient, migration: string): WaitingMessages {
  async function stillWaits(messageId: string): Promise<boolean> {
    const purpose = { ...PURPOSE, messageId };
    const [state, stranded] = await runScript(client, 'state', [keys.record(migration, messageId)], [], purpose);
    return state === 'assigned' && stranded === '0';
  }

  return {
    async enter(owner, messageId, room) {
      const key = keys.waiting(migration, owner);
      const [verdict, waiting] = await runScript(client, 'waiting-enter', [key], [messageId, room], {
        what: 'enter among the waiting',
        messageId,
      });
      return { entered: verdict === 'entered', waiting: Number(waiting) };
    },

    async leave(messageId) {
      const purpose = { what: 'take out of the waiting', messageId };
      await Promise.all(
        SIDES.map((side) => ask(client, purpose, () => client.srem(keys.waiting(migration, side), messageId))),
      );
    },

    async count() {
      const [kafka = 0, rocketmq = 0] = await Promise.all(
        SIDES.map((side) => ask(client, PURPOSE, () => client.scard(keys.waiting(migration, side)))),
      );
      return { kafka, rocketmq };
    },

    async verify(owner) {
      const key = keys.waiting(migration, owner);
      const members = await ask(client, PURPOSE, () => client.smembers(key));
      for (let from = 0; from < members.length; from += BATCH) {
        const batch = members.slice(from, from + BATCH);
        const waits = await Promise.all(batch.map(stillWaits));
        const gone = batch.filter((_, i) => waits[i] === false);
        if (gone.length > 0) await ask(client, PURPOSE, () => client.srem(key, ...gone));
      }
      return ask(client, PURPOSE, () => client.scard(key));
    },
  };
}
