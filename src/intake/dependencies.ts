import type { DeadLetters } from '../brokers/source.js';
import type { IntakeHold } from '../domain/flow/stall.js';
import type { Log } from '../domain/log.js';
import type { DeadLetterReason } from '../domain/message/message.js';
import type { Side } from '../domain/side.js';
import type { Ledger } from '../ledger/ledger.js';
import type { DeadLetterIndex } from '../ledger/redis/stores/dead-letter-index.js';
import type { PolicyCache } from '../ledger/redis/stores/policy-cache.js';
import type { RouteVerdict } from '../ledger/verdicts.js';
import type { InHand } from './in-hand.js';
import type { Throttle } from './other-side/throttle.js';
import type { ReadingRules } from './read-delivery.js';
import type { Arrival } from './router.js';
import type { DeadLetterKeeper } from './set-aside.js';
import type { Starter, StartResult } from './starter.js';

export interface IntakeRules extends ReadingRules {
  readonly migration: string;
  readonly cutoverKey: 'messageId' | 'businessId';
  readonly inFlight: number;
  readonly lingerMs: number;
  readonly lingering: number;
  readonly held: number;
  readonly checkAfterMs: number;
  /** Without a record, a delivery stored longer ago than this is not a first sight (ms). A loss of records shortens it. */
  readonly memoryMs: number;
  /** Of what was stored longer ago than this (ms), Temporal may have forgotten the workflow. */
  readonly witnessMs: number;
  /** While the ledger is partial: what a broker stored later than this long ago Temporal surely witnesses (ms). */
  readonly surelyWitnessedMs: number;
}

/** What intake tells of a delivery, for metrics. */
export interface IntakeObserver {
  routed(verdict: RouteVerdict['verdict']): void;
  accepted(result: StartResult): void;
  deadLettered(reason: DeadLetterReason): void;
}

export interface IntakeDependencies {
  readonly side: Side;
  readonly rules: IntakeRules;
  readonly ledger: Pick<Ledger, 'route' | 'ownerProgress' | 'index' | 'strand'>;
  readonly policy: Pick<PolicyCache, 'current' | 'whenKnown' | 'refresh' | 'redisNow'> & {
    /** Why it is not to be used now; empty while it is. */
    readonly holds: readonly IntakeHold[];
  };
  /** Resolves once a look that began after the call relied on the ledger: whether it had all its records then. */
  readonly ledgerIsWhole: (signal: AbortSignal) => Promise<boolean>;
  /** Whether a recovery of the ledger has still to end, and who is told when it has. */
  readonly recovery: { readonly isUnderWay: () => boolean; readonly onEnd: (listener: () => void) => void };
  /** Whether the other side showed life of late: one that does not is not waited for. */
  readonly otherSideLives: () => boolean;
  /** Keeps what waits for the other side within bounds. */
  readonly throttle: Pick<Throttle, 'holding' | 'enter' | 'onRelease'>;
  /**
   * Whether the other side is proved past this message, by the time that this side's broker stored it: its run adopts it at
   * its first look, and waits for nobody.
   */
  readonly ownerIsPast: (arrival: Arrival) => boolean;
  readonly starter: Pick<Starter, 'start' | 'check'>;
  readonly inHand: Pick<InHand, 'take' | 'leave'>;
  readonly deadLetters: Pick<DeadLetters, 'send'>;
  readonly keeper: DeadLetterKeeper;
  readonly deadLetterIndex: Pick<DeadLetterIndex, 'add'>;
  readonly observer: IntakeObserver;
  readonly log: Log;
}
