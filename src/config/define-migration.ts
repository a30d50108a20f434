import type { Duration } from '@temporalio/common';
import type { JsonScalar } from '../domain/reward/answer-condition.js';
import type { Side } from '../domain/side.js';
import type { StatusClass } from '../reward/http/options.js';
import type { RewardMessage, RewardProvider } from '../reward/provider.js';
import type { Extractor } from './migration.js';

/** The reward by HTTP: one request per attempt, whose answer's status decides. */
export interface HttpProviderConfig {
  /** Where to send it. The variable REWARD_URL goes before it. */
  url?: string;
  /** Default `POST`. */
  method?: 'POST' | 'PUT' | 'PATCH';
  /** Sent with each request, beside `content-type: application/json` and the message's `traceparent`. Never shown. */
  headers?: Record<string, string>;
  /** Makes the request's body. Default: the message's own body, unchanged. */
  body?: (message: RewardMessage) => Uint8Array | string;
  /** To have the connection up. Default 3 s. */
  connectTimeout?: Duration;
  /** From the first byte written to the last byte of the answer read. Default 10 s. */
  timeout?: Duration;
  /** Largest answer that is read; a longer one leaves the outcome unknown. Default 65 536. */
  answerBytes?: number;
  /** Connections of one worker. Default 64. */
  connections?: number;
  /** What a status means where this provider differs, such as `{ 409: 'granted' }` for "granted before". */
  statusClasses?: Record<number, StatusClass>;
  /** Header that carries the message ID, for a provider that does have idempotency. */
  idempotencyHeader?: string;
  /** Asks the provider what became of a message whose outcome is unknown. */
  lookup?: HttpLookupConfig;
  /**
   * The URL of a lookup without marks, as configs of before have it. It is still asked, and whatever it answers counts as
   * unknown: a gateway answers 200 and 404 too. Use `lookup`.
   */
  lookupUrl?: string;
}

/**
 * A lookup by HTTP GET, with the provider's headers. What meets neither condition is unknown. An `absent` that is said
 * twice, `settlesWithin` apart (`attemptTimeout`, if that is longer), has the message sent once more, once in its life.
 */
export interface HttpLookupConfig {
  /** `{messageId}` in it is replaced by the message ID. */
  url: string;
  /** The provider's own mark that the reward was given. Default: no answer says so. */
  grantedWhen?: AnswerConditionConfig;
  /** The provider's own mark that it has never had the message. Default: no answer says so. */
  absentWhen?: AnswerConditionConfig;
}

/**
 * What an answer of the provider looks like. All that is named has to hold, and beside the status at least one mark has to
 * be named that nothing but the provider answers with. In a text, `{messageId}` stands for the ID that was asked for.
 */
export interface AnswerConditionConfig {
  /** One or more. */
  status: number | number[];
  /** Values in the JSON body by JSON Pointer (RFC 6901): `{ '/state': 'DONE', '/id': '{messageId}' }`. A list: any of them. */
  json?: Record<string, JsonScalar | JsonScalar[]>;
  /** Values of headers. A list: any of them. */
  headers?: Record<string, string | string[]>;
  /** What the body contains, for bodies that are not JSON. */
  text?: string;
}

/**
 * A migration as it is written in `handover.config.ts`; everything has a default. A duration is a number of milliseconds
 * or a text such as `'5s'` or `'10 minutes'`.
 */
export interface MigrationOptions {
  /** Its name, `[a-z0-9][a-z0-9-]{0,39}`. Default `rewards`. */
  migration?: string;
  /** The topic on both brokers, or one for each. Default `rewards`. */
  topics?: string | Record<Side, string>;
  /** Reads a delivery's stamps, on both sides or on each. Default: the `message-id`, `business-id` and `traceparent` stamps. */
  extract?: Extractor | Partial<Record<Side, Extractor>>;
  /** What the bucket is computed from. `businessId` keeps a user on one side. Default `messageId`. */
  cutoverKey?: 'messageId' | 'businessId';
  /** `json`: a body that is not UTF-8 JSON is dead-lettered. `bytes`: anything goes. Default `json`. */
  body?: 'json' | 'bytes';
  /** Who gives the reward: an HTTP API, or code of your own. */
  provider?: HttpProviderConfig | RewardProvider;
  /**
   * The longest that a request may take effect after we gave up on it. A lookup's `absent` counts only after that time, and
   * a second one as much later again; so it has to be given where a lookup is. Default 10 min.
   */
  settlesWithin?: Duration;
  /** How an attempt that was surely not executed is repeated, until the message is parked. */
  retry?: {
    /** Default 1 s. */
    initialInterval?: Duration;
    /** Default 2. */
    backoffCoefficient?: number;
    /** Default 1 min. */
    maximumInterval?: Duration;
    /** Attempts in a round. Default 60: about an hour. */
    maximumAttempts?: number;
  };
  limits?: {
    /** Largest body, once it is decompressed; a larger one is dead-lettered. Default 1 MiB. */
    bodyBytes?: number;
    /**
     * What one fetch from Kafka may come to in memory, decompressed; what is beyond it is read by the next ones, as a batch
     * may hold any number of records. Default 64 MiB.
     */
    batchBytes?: number;
    /** Deliveries of one worker between arrival and the end of the first attempt. Default 32. */
    inFlight?: number;
    /** How long a delivery waits for the other side to claim its message; ten times as long for one that is busy. Default 1 s. */
    linger?: Duration;
    /** Deliveries of one worker that may linger at once; more wait for room. Default 256. */
    lingering?: number;
    /** Messages that one side has delivered and that wait for the other; more are held, unacknowledged. Default 1000. */
    waiting?: number;
    /**
     * Deliveries of one worker, beyond `inFlight` and `lingering`, that may be in memory while they wait: for room, or
     * held. Beyond it the worker fetches nothing. Default 256.
     */
    held?: number;
    /** A record that has not moved for this long is looked up in Temporal. Default 1 min. */
    checkAfter?: Duration;
    /**
     * How long a worker's intake may stand still, with nothing that explains it, before the worker is not ready any more.
     * Default 1 min; never less than 20 times `linger`.
     */
    stall?: Duration;
    /** How long a stopping worker waits for what is in flight. Default 20 s. */
    drain?: Duration;
    /**
     * How long a worker may take to stop, everything included. The drain and the attempts under way are cut to fit: an attempt
     * that is cut off is an unknown outcome, so let it be 6 s above `attemptTimeout`. From 5 s to 1 h. Default 30 s.
     */
    shutdown?: Duration;
  };
  adoption?: {
    /** How much later than its twin a double write's second half may be stored. Default 5 s. */
    margin?: Duration;
    /** Pause between two looks of a waiting workflow while the owner's lag is not known, and the longest one. Defaults 6 s and 2 min. */
    firstLook?: Duration;
    longestLook?: Duration;
  };
  /**
   * How the first attempt is made. `activity`: as an activity of the owner's side. `inline-first`: within the workflow's
   * first task, which costs Temporal less; its retries are activities. Not with a Redis Cluster. Default `activity`.
   */
  dispatch?: 'activity' | 'inline-first';
  /** Start-to-close of one attempt; at least 2 s above the provider's connect timeout and timeout together. Default 20 s. */
  attemptTimeout?: Duration;
  /** How long the ledger remembers a settled message; above both brokers' and Temporal's retention. Default 15 days. */
  settledLifetime?: Duration;
  /**
   * Runs although a broker or Temporal keeps messages for longer than that. A message that comes back after the ledger has
   * forgotten it is then dead-lettered as `too-old`. Default false: a worker refuses to start.
   */
  acceptLongerRetention?: boolean;
  /**
   * Runs with a Redis that evicts records when its memory is full. An evicted record forgets who owns a message, so that a
   * message may be decided anew. Default false: a worker is not ready, and says why.
   */
  acceptEviction?: boolean;
}

/** Gives a config file its types. It is checked when a command loads it, all faults at once. */
export function defineMigration(options: MigrationOptions): MigrationOptions {
  return options;
}
