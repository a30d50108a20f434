import type { Side } from '../domain/side.js';
import type { RedisClient } from './connect.js';
import { keys } from './keys.js';
import { ask } from './run-script.js';

/** For how long one sign of life counts, in ms: a few of the refreshes that are due meanwhile may be lost. */
export const SIGN_LIFETIME_MS = 5_000;

/** What the two sides let each other know: whether they live, and how far their consumers are. */
export interface SideSigns {
  /** A sign of life of a side's process, to be repeated well within {@link SIGN_LIFETIME_MS}. */
  alive(side: Side, processId: string): Promise<void>;
  /** Whether any process of a side has shown life of late. */
  isAlive(side: Side): Promise<boolean>;
  /** Reports that a side has accepted all that was stored for it before `pastMs` (Redis time). Never goes back. */
  reportPast(side: Side, pastMs: number): Promise<void>;
  /** The latest time that was reported; undefined where none was: unknown is not past. */
  past(side: Side): Promise<number | undefined>;
  /** Adds to the positions that a side's broker had deleted before they were read. */
  reportSkipped(side: Side, positions: number): Promise<void>;
  /** How many there were, ever. */
  skipped(side: Side): Promise<number>;
}

export function createSideSigns(client: RedisClient, migration: string): SideSigns {
  const past = keys.past(migration);
  const skipped = keys.skipped(migration);

  return {
    async alive(side, processId) {
      await ask(client, { what: 'show life' }, () =>
        client.set(keys.alive(migration, side), processId, 'PX', SIGN_LIFETIME_MS),
      );
    },

    async isAlive(side) {
      return (
        (await ask(client, { what: `look for life of ${side}` }, () => client.exists(keys.alive(migration, side)))) ===
        1
      );
    },

    async reportPast(side, pastMs) {
      // GT makes the maximum the server's business: two processes of a side may report at once.
      await ask(client, { what: `report how far ${side} is` }, () => client.zadd(past, 'GT', pastMs, side));
    },

    async past(side) {
      const score = await ask(client, { what: `look how far ${side} is` }, () => client.zscore(past, side));
      return score === null ? undefined : Number(score);
    },

    async reportSkipped(side, positions) {
      await ask(client, { what: 'report skipped positions' }, () => client.hincrby(skipped, side, positions));
    },

    async skipped(side) {
      const count = await ask(client, { what: 'look for skipped positions' }, () => client.hget(skipped, side));
      return Number(count ?? 0);
    },
  };
}
