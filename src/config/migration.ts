import type { Delivery } from '../brokers/source.js';
import { HandoverError } from '../domain/errors.js';
import type { MessageRules, Stamps } from '../domain/message/message.js';
import type { Side } from '../domain/side.js';
import type { HttpProviderOptions } from '../reward/http/options.js';
import type { RewardProvider } from '../reward/provider.js';

/** Reads a delivery's stamps; the default takes the headers or user properties named in domain/message/message.ts. */
export type Extractor = (delivery: Delivery) => Stamps;

/** How Temporal repeats an attempt that was surely not executed. All times in ms. */
export interface RetrySettings {
  readonly initialIntervalMs: number;
  readonly backoffCoefficient: number;
  readonly maximumIntervalMs: number;
  /** Attempts in a round, after which the message is parked. */
  readonly maximumAttempts: number;
}

export interface Limits extends Pick<MessageRules, 'bodyBytes'> {
  /** What one fetch from Kafka may come to in memory, decompressed, in bytes. Default 64 MiB. */
  readonly batchBytes: number;
  /**
   * Deliveries of one process between their arrival and their acceptance, or, where their workflows were started eagerly, the
   * end of their first attempt. Default 32: more costs eager starts.
   */
  readonly inFlight: number;
  /**
   * How long a delivery waits unacknowledged for the other side to claim its message; up to ten times as long while that
   * side has seen it, or takes others that wait. Default 1000.
   */
  readonly lingerMs: number;
  /** Deliveries of one process that may linger at once; more wait for room. 0: none lingers. Default 256. */
  readonly lingering: number;
  /**
   * Deliveries of one process, beyond `inFlight` and `lingering`, that may be in memory while they wait: for room, or for
   * fewer messages to wait for the other side. Beyond it nothing is fetched. Default 256.
   */
  readonly held: number;
  /** Messages that one side has delivered and that wait for the other, beyond which more are held. Default 1000. */
  readonly waiting: number;
  /** A record that has not moved for this long is looked up in Temporal. Default 60 000. */
  readonly checkAfterMs: number;
  /**
   * How long intake may have deliveries in hand and accept none, without a hold that explains it, before the worker is not
   * ready any more. Default 60 000; never less than 20 times `lingerMs`.
   */
  readonly stallMs: number;
  /** How long a stopping worker waits for what is in flight. Default 20 000. */
  readonly drainMs: number;
  /** How long a worker may take to stop, everything included; the drain and the last attempts are cut to fit. Default 30 000. */
  readonly shutdownMs: number;
}

export interface AdoptionSettings {
  /** How much later than its twin a double write's second half may be stored. Default 5000. */
  readonly marginMs: number;
  /**
   * Pause between two looks of a waiting workflow while the owner's lag is not known, and the longest one. Defaults 6000,
   * as there can be no proof before the margin has passed, and 120 000.
   */
  readonly firstLookMs: number;
  readonly longestLookMs: number;
}

/** A migration's whole configuration: checked, complete, frozen. */
export interface Migration {
  /** `[a-z0-9][a-z0-9-]{0,39}`. Default `rewards`. */
  readonly name: string;
  readonly topics: Readonly<Record<Side, string>>;
  /** `<topic>-dead-letter`. */
  readonly deadLetterTopics: Readonly<Record<Side, string>>;
  /** `handover-<name>`, the same on both brokers. */
  readonly consumerGroup: string;
  readonly extract: Readonly<Record<Side, Extractor>>;
  readonly cutoverKey: 'messageId' | 'businessId';
  readonly body: MessageRules['body'];
  /** Undefined while no URL is known, neither from the config nor from REWARD_URL: only a worker needs one. */
  readonly provider: HttpProviderOptions | RewardProvider | undefined;
  /** The longest that a request may take effect after we gave up on it, in ms. Default 600 000. */
  readonly settlesWithinMs: number;
  /** Start-to-close of one attempt, in ms; 2 s and more above the provider's timeouts. Default 20 000. */
  readonly attemptTimeoutMs: number;
  readonly retry: RetrySettings;
  /**
   * `inline-first`: the first attempt is made within the first workflow task, by the worker that has it, and only its
   * retries are ordinary activities. Not with a Redis Cluster. Default `activity`.
   */
  readonly dispatch: 'activity' | 'inline-first';
  readonly limits: Limits;
  readonly adoption: AdoptionSettings;
  /** How long the ledger remembers a settled message, in ms. Default 15 days. */
  readonly settledLifetimeMs: number;
  /** Whether a broker or Temporal may keep messages for longer than that. Default false. */
  readonly acceptLongerRetention: boolean;
  /** Whether Redis may evict records. Default false. */
  readonly acceptEviction: boolean;
}

/**
 * The provider of a migration, for those who are about to ask it for rewards.
 *
 * @throws HandoverError `provider-missing` if the reward goes by HTTP and nobody has said to which URL.
 */
export function providerOf(migration: Migration): NonNullable<Migration['provider']> {
  if (migration.provider !== undefined) return migration.provider;
  throw new HandoverError('provider-missing', `Migration "${migration.name}" has no URL to ask for rewards`, {
    hint: 'Set REWARD_URL, or provider.url in handover.config.ts.',
  });
}
