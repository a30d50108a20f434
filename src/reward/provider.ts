import type { GrantResult, LookupReport, LookupResult } from '../domain/reward/outcome.js';

/** What a provider is told of a message. */
export interface RewardMessage {
  readonly messageId: string;
  readonly businessId?: string;
  readonly traceparent?: string;
  /** The body as it was published, unchanged. */
  readonly body: Uint8Array;
}

export interface AttemptContext {
  /** Counts from 1 within a round. */
  readonly attempt: number;
  /** Aborts at the attempt's deadline, or when the worker shuts down. */
  readonly signal: AbortSignal;
  /**
   * Ask this in the same turn of the event loop in which the request is written, with the connection up, and do not
   * write when it says no: this execution is past its deadline (a paused process, say) and its successor may be at work.
   */
  maySend(): boolean;
}

/**
 * The third party that gives the reward. `grant` never throws for what the provider or the network does: it says what is
 * known. Only `not-executed` lets another attempt follow, so say it only where no byte of the request can have been read.
 * Whatever `grant` throws counts as unknown.
 */
export interface RewardProvider {
  grant(message: RewardMessage, context: AttemptContext): Promise<GrantResult>;
  /**
   * Asks whether the reward of this message was given. `unknown` when it cannot tell now. Say `granted` or `absent` only by
   * a mark that the provider alone gives: a bare 200 or 404 may come from a gateway, and an `absent` that is said twice has
   * the message sent once more.
   */
  lookup?(message: RewardMessage, context: { readonly signal: AbortSignal }): Promise<LookupResult | LookupReport>;
  close?(): Promise<void>;
}
