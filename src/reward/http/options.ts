import type { AnswerCondition } from '../../domain/reward/answer-condition.js';
import type { RewardMessage } from '../provider.js';

/** How an HTTP status that the provider answered is understood. */
export type StatusClass = 'granted' | 'refused' | 'not-executed' | 'unknown';

/** The HTTP provider's settings: checked, complete. Times in ms. */
export interface HttpProviderOptions {
  readonly kind: 'http';
  readonly url: string;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  /** Sent with each request; values may be secrets and are never shown. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes the request body from the message; by default the message's own body, unchanged. */
  readonly body?: (message: RewardMessage) => Uint8Array | string;
  /** To have the connection up. Default 3000. */
  readonly connectTimeoutMs: number;
  /** From the first byte written to the last byte of the answer read. Default 10 000. */
  readonly timeoutMs: number;
  /** Largest answer that is read, in bytes; a longer one counts as truncated. Default 65 536. */
  readonly answerBytes: number;
  /** Connections to the provider from one worker. Default 64. */
  readonly connections: number;
  /** What differs from the default classes, by status code. */
  readonly statusClasses: Readonly<Record<number, StatusClass>>;
  /** Header that carries the message ID, for a provider that has idempotency after all. */
  readonly idempotencyHeader?: string;
  readonly lookup?: HttpLookupOptions;
}

/** How the provider is asked what became of a message. What neither condition is met by is unknown. */
export interface HttpLookupOptions {
  /** `{messageId}` in it is replaced by the encoded message ID. */
  readonly url: string;
  /** The provider's own mark that the reward was given. Neither condition: a config of before there were marks. */
  readonly grantedWhen?: AnswerCondition;
  /** The provider's own mark that it has never had the message. */
  readonly absentWhen?: AnswerCondition;
}
