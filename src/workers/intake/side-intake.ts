import type { Client } from '@temporalio/client';
import type { Closers } from '../../async/closers.js';
import type { Source } from '../../brokers/source.js';
import type { Connections } from '../../config/connections.js';
import type { Migration } from '../../config/migration.js';
import { toError } from '../../domain/errors.js';
import { isOwnerPast } from '../../domain/flow/adoption.js';
import { stallAfter } from '../../domain/flow/stall.js';
import type { Log } from '../../domain/log.js';
import { memoryOf } from '../../domain/message/retention.js';
import type { Side } from '../../domain/side.js';
import type { IntakeObserver, IntakeRules } from '../../intake/dependencies.js';
import type { InHand } from '../../intake/in-hand.js';
import { Intake } from '../../intake/intake.js';
import { Throttle } from '../../intake/other-side/throttle.js';
import { readDelivery } from '../../intake/read-delivery.js';
import type { Starter } from '../../intake/starter.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { RedisClient } from '../../ledger/redis/connect.js';
import { createDeadLetterIndex } from '../../ledger/redis/stores/dead-letter-index.js';
import { createDoubtedCopies } from '../../ledger/redis/stores/doubted-copies.js';
import { PolicyCache } from '../../ledger/redis/stores/policy-cache.js';
import type { PolicyStore } from '../../ledger/redis/stores/policy-store.js';
import { createSideStatus } from '../../ledger/redis/stores/side-status.js';
import { createWaitingMessages } from '../../ledger/redis/stores/waiting-messages.js';
import type { LossWatch } from '../../recovery/watch.js';
import { StallWatch } from '../health/stall-watch.js';
import type { PolicyKeeper } from '../policy-keeper.js';
import { policyWhileWhole, watchOf } from '../policy-while-whole.js';
import type { RetentionWatch } from '../retention.js';
import { LostCopies } from '../safety-net/lost-copies.js';
import { PendingDeliveries } from '../safety-net/pending-deliveries.js';
import { openBrokerSide } from './broker-side.js';
import { createDeadLetterKeeper } from './dead-letter-keeper.js';
import { watchSides } from './side-watch.js';

export interface SideIntakeOptions {
  readonly side: Side;
  readonly migration: Migration;
  readonly connections: Connections;
  readonly redis: RedisClient;
  readonly ledger: Ledger;
  readonly policyStore: PolicyStore;
  readonly client: Client;
  readonly starter: Starter;
  readonly inHand: InHand;
  readonly lossWatch: LossWatch;
  readonly policyKeeper: PolicyKeeper;
  readonly retention: Pick<RetentionWatch, 'reason' | 'whenWhole' | 'witnessMs' | 'surelyWitnessedMs'>;
  /** How long a stop waits for what was handed over, in ms. */
  readonly drainMs: number;
  /** Unlike that of any other process, ever. */
  readonly processId: string;
  readonly observer: IntakeObserver;
  readonly closers: Closers;
  readonly log: Log;
}

/** The consuming half of a side's process. */
export interface SideIntake {
  readonly intake: Intake;
  readonly source: Source;
  readonly policy: PolicyCache;
  readonly throttle: Throttle;
  /** How far this side is, as this process could tell when it last looked (ms since the epoch). */
  consumedUpTo(): number | undefined;
  readonly stallWatch: StallWatch;
}

/** Starts to consume. What it opens is entered into `closers`, the consumer last, so that it is stopped first. */
export async function startSideIntake(options: SideIntakeOptions): Promise<SideIntake> {
  const { side, migration, connections, redis, ledger, policyStore, starter, lossWatch, retention } = options;
  const { client, processId, drainMs, inHand, policyKeeper, observer, closers, log } = options;
  const { limits } = migration;

  const { source, deadLetters, copies } = openBrokerSide(side, migration, connections, log);
  closers.add('dead letters', () => deadLetters.close());
  const policy = new PolicyCache({
    store: policyStore,
    onError: (error) => log.debug({ error: toError(error).message }, 'the policy could not be read'),
    agreed: () => policyKeeper.agreed(),
  });
  policy.start();
  closers.add('policy cache', () => policy.stop());
  const sideStatus = createSideStatus(redis, migration.name);
  const watch = watchSides({
    side,
    processId,
    sideStatus,
    source,
    redisAheadMs: () => policy.redisNow() - Date.now(),
    log,
  });
  closers.add('side watch', async () => watch.stop());

  const waiting = createWaitingMessages(redis, migration.name);
  const throttle = new Throttle({ side, limit: limits.waiting, waiting, log });
  throttle.start();
  closers.add('throttle', () => throttle.stop());

  const rules: IntakeRules = {
    migration: migration.name,
    cutoverKey: migration.cutoverKey,
    extract: migration.extract[side],
    body: migration.body,
    ...limits,
    get witnessMs() {
      return retention.witnessMs();
    },
    get surelyWitnessedMs() {
      return retention.surelyWitnessedMs();
    },
    get memoryMs() {
      return Math.min(memoryOf(migration.settledLifetimeMs), policy.redisNow() - lossWatch.remembersSince());
    },
  };
  const intake = new Intake({
    side,
    rules,
    ledger,
    policy: policyWhileWhole(policy, [
      { subject: 'ledger', reason: () => lossWatch.reason(), whenWhole: (signal) => lossWatch.whenWhole(signal) },
      watchOf(policyKeeper),
      { subject: 'retention', reason: () => retention.reason(), whenWhole: (signal) => retention.whenWhole(signal) },
    ]),
    ledgerIsWhole: (signal) => lossWatch.confirm(signal),
    recovery: { isUnderWay: () => !lossWatch.isWhole(), onEnd: (listener) => lossWatch.onWhole(listener) },
    otherSideLives: () => watch.otherSideLives(),
    ownerIsPast: (arrival) => isOwnerPast(watch.otherSidePast(), arrival, migration.adoption.marginMs),
    throttle,
    starter,
    inHand,
    deadLetters,
    keeper: createDeadLetterKeeper(client, migration.name),
    deadLetterIndex: createDeadLetterIndex(redis, migration.name),
    observer,
    log,
  });
  const pending = new PendingDeliveries(intake);
  closers.add('consumer', () => source.stop(drainMs).finally(() => tellPending(pending, log)), {
    begin: () => intake.stop(),
    works: true,
  });
  const stallWatch = new StallWatch({
    look: () => intake.look(),
    throttle: () => throttle.hold,
    afterMs: stallAfter(limits),
    log,
  });
  stallWatch.start();
  closers.add('stall watch', async () => stallWatch.stop());
  await source.start(pending);
  const lost = new LostCopies({
    side,
    topic: migration.topics[side],
    ledger,
    doubted: createDoubtedCopies(redis, migration.name),
    sideStatus,
    starter,
    copies,
    read: (delivery) => readDelivery(delivery, rules, log),
    sink: intake,
    checkAfterMs: limits.checkAfterMs,
    log,
  });
  lost.start();
  closers.add('look for lost copies', () => lost.stop(), { begin: () => lost.halt() });
  return { intake, source, policy, throttle, stallWatch, consumedUpTo: () => watch.consumedUpTo() };
}

/** Why a side's intake is not ready, as `dependency: what is wrong`. */
export function reasonsOf(side: Side, { intake, source, stallWatch }: SideIntake): readonly string[] {
  const { ready, reason } = source.status();
  const stalled = stallWatch.reason;
  return [
    ...intake.holds.map(({ what }) => what),
    ...(stalled === undefined ? [] : [stalled]),
    ...(ready ? [] : [`${side}: ${reason ?? 'the consumer is not running yet'}`]),
  ];
}

/** The log names no more than so many of what was cut off. */
const MOST_NAMED = 20;

function tellPending({ coordinates }: PendingDeliveries, log: Log): void {
  if (coordinates.length === 0) return;
  const fields = { count: coordinates.length, coordinates: coordinates.slice(0, MOST_NAMED) };
  log.warn(fields, 'deliveries were not accepted in time and are left to the broker, which delivers them again');
}
