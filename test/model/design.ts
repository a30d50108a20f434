/**
 * The rules that the promises rest on, each of which can be taken away. An explorer that does not find a design guilty
 * once one of them is missing would prove nothing by finding nothing.
 */
export interface Design {
  /** The first sight by either side decides the owner, and it is recorded. Else each side evaluates on its own. */
  readonly decidesOnce: boolean;
  /** A workflow whose message is the other side's waits. Else 'not mine' completes it. */
  readonly waitsForTheOwner: boolean;
  /** Else an attempt that fails gives the message back to whoever claims it. */
  readonly keepsOwnershipOnFailure: boolean;
  /** `adopt` takes only what is assigned. */
  readonly adoptsByCompareAndSet: boolean;
  /** A delivery is acknowledged after the workflow has it. Else before. */
  readonly startsBeforeAck: boolean;
  /** A workflow ID that has closed starts again by `resume` only. */
  readonly closedIdStaysClosed: boolean;
  /** Else a second execution of an attempt comes with the token of the first, and passes for it. */
  readonly nonceIsPerExecution: boolean;
  /** An attempt sends only if Temporal hands it the proof that all before it were not executed. Else `begin` is enough. */
  readonly attemptsNeedTemporalsProof: boolean;
  /** A process that has slept past the deadline of its attempt does not write the request. */
  readonly writesBeforeItsDeadlineOnly: boolean;
  /** 'Absent' counts only once nothing that was sent can take effect any more. Else at once. */
  readonly absentMustBeRipe: boolean;
  /** An 'absent' is the provider's own word. Else a gateway's bare 404 is one, whatever became of the message. */
  readonly absentNeedsItsMark: boolean;
  /** 'Absent' is believed once it was said twice, with time between. Else a lookup that lags behind is believed. */
  readonly absentIsSaidTwice: boolean;
  /** A lookup sends again after the first round only, so that it does so once. */
  readonly lookupsSendAgainOnce: boolean;
  /** A run that follows another one, or that a reset has made, sends nothing again by a lookup: that one may have done so. */
  readonly heirsDoNotSendAgain: boolean;
  /** A run completes with the outcome that the ledger holds, where that is not the one it came with. */
  readonly resultAgreesWithLedger: boolean;
  /** A person's answer is refused in any round but the one that it names. */
  readonly answersNameTheirRound: boolean;
  /** A resumed run takes what was attempted for unknown. Else for clean. */
  readonly resumeTakesAttemptedForUnknown: boolean;
  /** It does so as well where nobody holds the message any more, as the ledger has forgotten it and begun anew. */
  readonly resumeBelievesHistory: boolean;
  /** A run that wants to park and hears from the ledger that the message is settled completes. */
  readonly parkMindsSettled: boolean;
  /** A run that is parked already completes too, once the message turns out to be settled. */
  readonly parkedMindsSettled: boolean;
  /** What the ledger has lost, or shows in an older state, is entered anew from what Temporal shows. */
  readonly rebuildsFromTemporal: boolean;

  /** A person's answer is judged by when it was given, not by when a worker came to carry it out. */
  readonly answersCarryTheirTime: boolean;
  /** A run that a reset has made is another one to the ledger, and takes over from the one before like a resumed one. */
  readonly resetRunIsAnotherRun: boolean;
  /** `resume` starts nothing after a run that has completed. */
  readonly resumesOnlyWhatDidNotComplete: boolean;
  /** A run that `resume` or a reset has made goes on for the side that the earlier one held the message for. */
  readonly takesOverForTheSameSide: boolean;
  /** The sweeper has a run that is parked entered as parked, where the ledger shows it as anything else. */
  readonly listsWhatIsParked: boolean;
  /** A run that comes after another claims for the owner too if the ledger has seen its delivery: the other was told of it. */
  readonly heedsWhomTheLedgerHasSeen: boolean;
  /** The age index has a message before its workflow starts, so that whoever acknowledges it relies on both. */
  readonly indexesBeforeStart: boolean;

  /** It has it as soon as it is routed, so that what a client acknowledges before its workflow starts is in it too. */
  readonly indexesAtRoute: boolean;
  /** What was acknowledged and no workflow has is read again by its place, and taken like a redelivery, or shown. */
  readonly takesAgainWhatIsLost: boolean;

  /** An attempt of which the one before ended without a word begins if the ledger, which has lost nothing, shows that one as not begun, or as cleared. */
  readonly believesAWholeLedger: boolean;
  /** An attempt within a workflow task, or after one that ended without a word, begins only if the ledger has lost nothing since its message was routed. */
  readonly comparesWitness: boolean;
  /** A run that may have made an attempt within a workflow task counts as one that has, though no history tells of it. */
  readonly witnessedCountsAsAttempted: boolean;
  /** A worker of the other side uses up the pair of the attempt that it hands on, and hands on nothing that had begun. */
  readonly handsOnWhatItBegan: boolean;
  /** A run with a witness that finds the message another side's takes it that it has sent for the first owner. */
  readonly witnessedStaysWithItsOwner: boolean;
}

export type Rule = keyof Design;

/** Every rule. With all of them no promise breaks. */
export const ALL_RULES: Design = {
  decidesOnce: true,
  waitsForTheOwner: true,
  keepsOwnershipOnFailure: true,
  adoptsByCompareAndSet: true,
  startsBeforeAck: true,
  closedIdStaysClosed: true,
  nonceIsPerExecution: true,
  attemptsNeedTemporalsProof: true,
  writesBeforeItsDeadlineOnly: true,
  absentMustBeRipe: true,
  absentNeedsItsMark: true,
  absentIsSaidTwice: true,
  lookupsSendAgainOnce: true,
  heirsDoNotSendAgain: true,
  resultAgreesWithLedger: true,
  answersNameTheirRound: true,
  resumeTakesAttemptedForUnknown: true,
  resumeBelievesHistory: true,
  parkMindsSettled: true,
  parkedMindsSettled: true,
  rebuildsFromTemporal: true,
  answersCarryTheirTime: true,
  resetRunIsAnotherRun: true,
  resumesOnlyWhatDidNotComplete: true,
  takesOverForTheSameSide: true,
  listsWhatIsParked: true,
  heedsWhomTheLedgerHasSeen: true,
  indexesBeforeStart: true,
  indexesAtRoute: true,
  takesAgainWhatIsLost: true,
  believesAWholeLedger: true,
  comparesWitness: true,
  witnessedCountsAsAttempted: true,
  handsOnWhatItBegan: true,
  witnessedStaysWithItsOwner: true,
};

export function without(...rules: readonly Rule[]): Design {
  return { ...ALL_RULES, ...Object.fromEntries(rules.map((rule) => [rule, false])) };
}

/** How far the explorer goes. */
export interface Scope {
  /** Faults in one run, at most. */
  readonly faults: number;
  /** Attempts of a round and rounds, at most. A round beyond is cut off, and counts as a way out. */
  readonly attempts: number;
  readonly rounds: number;
  /** The first attempt is made within the first workflow task, where the owner has started it. Default false. */
  readonly inline?: boolean;
  /**
   * A side's position may run ahead of what it has accepted, by a fault of its client. Then the ledger loses nothing: it is
   * what such a message is found by, and both faults together are beyond what is promised. Default false.
   */
  readonly runsAhead?: boolean;
  /** What the provider's lookup says lags behind what it did, by up to twice the longest time that it names. Default false. */
  readonly lag?: boolean;
}

export interface World {
  readonly design: Design;
  readonly scope: Scope;
}
