import { isToldHolding, type OthersHolding } from '../../../domain/message/holding.js';
import type { Side } from '../../../domain/side.js';
import type { RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask } from '../run-script.js';

/** For how long one sign of life counts, in ms: a few of the refreshes that are due meanwhile may be lost. */
export const SIGN_LIFETIME_MS = 5_000;

/** What a process has told of its holding is removed this long after its last word, in ms: it counts for far less. */
const HOLDING_KEPT_MS = 600_000;

/** What the two sides let each other know: whether they live, and how far their consumers are. */
export interface SideStatus {
  /** A sign of life of a side's process, to be repeated well within {@link SIGN_LIFETIME_MS}. */
  alive(side: Side, processId: string): Promise<void>;
  /** Whether any process of a side has shown life of late. */
  isAlive(side: Side): Promise<boolean>;
  /** Reports that a side has accepted all that was stored for it before `pastMs` (Redis time). Never goes back. */
  reportConsumedUpTo(side: Side, pastMs: number): Promise<void>;
  /** The latest time that was reported; undefined where none was: unknown is not past. */
  consumedUpTo(side: Side): Promise<number | undefined>;
  /** Adds to the positions that a side's broker had deleted before they were read. */
  reportSkipped(side: Side, positions: number): Promise<void>;
  /** How many there were, ever. */
  skipped(side: Side): Promise<number>;
  /**
   * Tells the other processes of a side what this one holds (Redis time), and answers what those have told last. What
   * cannot be read is taken for a process that holds anything, and removed; so is what is long outdated.
   * `known`: what this process told before was still there.
   */
  exchangeHoldings(
    side: Side,
    processId: string,
    holding: OthersHolding,
  ): Promise<{ readonly known: boolean; readonly others: readonly OthersHolding[] }>;
}

export function createSideStatus(client: RedisClient, migration: string): SideStatus {
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

    async reportConsumedUpTo(side, pastMs) {
      // GT makes the maximum the server's business: two processes of a side may report at once.
      await ask(client, { what: `report how far ${side} is` }, () => client.zadd(past, 'GT', pastMs, side));
    },

    async consumedUpTo(side) {
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

    async exchangeHoldings(side, processId, holding) {
      const key = keys.holdings(migration, side);
      const purpose = { what: `exchange what the processes of ${side} hold` };
      const added = await ask(client, purpose, () => client.hset(key, processId, JSON.stringify(holding)));
      const told = Object.entries(await ask(client, purpose, () => client.hgetall(key)));
      const others = told.filter(([id]) => id !== processId).map(([id, text]) => ({ id, holding: readHolding(text) }));
      const { at } = holding;
      const useless = others.filter((other) => Math.abs((other.holding?.at ?? 0) - at) > HOLDING_KEPT_MS);
      if (useless.length > 0) await ask(client, purpose, () => client.hdel(key, ...useless.map(({ id }) => id)));
      return { known: added === 0, others: others.map((other) => other.holding ?? { at, since: 0 }) };
    },
  };
}

function readHolding(text: string): OthersHolding | undefined {
  try {
    const told: unknown = JSON.parse(text);
    return isToldHolding(told) ? told : undefined;
  } catch {
    return undefined;
  }
}
