import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { findAttemptsIn } from '../activities/earlier-attempts.js';
import { createOwnershipActivities } from '../activities/ownership.js';
import { createResolutionActivities } from '../activities/resolution.js';
import { createRewardActivities } from '../activities/reward.js';
import { createInlineActivities } from '../activities/reward-inline.js';
import { askTemporalWhetherOpen, readRunIn } from '../activities/runs.js';
import { Closers } from '../async/closers.js';
import type { Connections } from '../config/connections.js';
import { type Migration, providerOf } from '../config/migration.js';
import { HandoverError } from '../domain/errors.js';
import type { Lasting } from '../domain/flow/process-report.js';
import type { GrantResult } from '../domain/reward/outcome.js';
import type { Side } from '../domain/side.js';
import { InHand } from '../intake/in-hand.js';
import { Starter } from '../intake/starter.js';
import { closeRedis, connectRedis, readRedisUrl } from '../ledger/redis/connect.js';
import { createRedisLedger } from '../ledger/redis/redis-ledger.js';
import { createAudit } from '../ledger/redis/stores/audit.js';
import { createDoubtedCopies } from '../ledger/redis/stores/doubted-copies.js';
import { createLedgerMarks } from '../ledger/redis/stores/marks.js';
import { createPolicyStore } from '../ledger/redis/stores/policy-store.js';
import { createProcessReports } from '../ledger/redis/stores/process-reports.js';
import { createSideStatus } from '../ledger/redis/stores/side-status.js';
import { createWaitingMessages } from '../ledger/redis/stores/waiting-messages.js';
import { enterRunState } from '../recovery/run-state-entry.js';
import { createAskRunState } from '../recovery/run-state-query.js';
import { type LossWatch, startLossWatch } from '../recovery/watch.js';
import { openProvider } from '../reward/http/provider.js';
import { AttemptsUnderWay } from './attempts-under-way.js';
import { EvictionWatch } from './eviction-watch.js';
import { startHealthServer } from './health/health-server.js';
import { createMetrics } from './health/metrics.js';
import { Readiness } from './health/readiness.js';
import { tellOfProcess } from './health/tell-of-process.js';
import { startIndexScan } from './index-scan.js';
import { reasonsOf, type SideIntake, startSideIntake } from './intake/side-intake.js';
import { startLookupProbe } from './lookup-probe.js';
import { type PolicyKeeper, startPolicyKeeper } from './policy-keeper.js';
import { policyUnlessInDoubt } from './policy-while-whole.js';
import { ProviderWatch } from './provider-watch.js';
import { watchRetention } from './retention.js';
import { startSweeper } from './safety-net/sweeper.js';
import { createUnownedMessages } from './safety-net/unowned-messages.js';
import { Shutdown } from './shutdown.js';
import { tellInHand } from './tell-in-hand.js';
import { createCutoverWorkerActivities } from './temporal/cutover-worker.js';
import { reachTemporal } from './temporal/reach-temporal.js';
import { createTemporalWorkers } from './temporal/temporal-workers.js';

export interface SideWorkerOptions {
  readonly side: Side;
  readonly migration: Migration;
  readonly connections: Connections;
  /** False: the side's rewards and workflows without its consumer. */
  readonly consumes: boolean;
  readonly http: { readonly host: string; readonly port: number };
  readonly temporalMetricsUrl: string;
  readonly log: Logger;
  /** Ends the start as long as something is waited for. */
  readonly signal: AbortSignal;
}

export interface SideWorker {
  /** `HOST:PORT` of the health server. */
  readonly http: string;
  /** Why it is not ready, a sentence for each dependency; empty when it is. */
  reasons(): readonly string[];
  /** Rejects if a Temporal worker dies. */
  readonly running: Promise<void>;
  /**
   * Stops intake and the Temporal workers, drains both, then closes the connections: within `limits.shutdown`, all of it
   * together. What is cut off is logged.
   */
  stop(): Promise<void>;
  /** Lets a stop that is under way wait for nothing more. */
  hurry(): void;
}

/** A process that cannot start has little to close, and is to be gone within seconds. */
const FAILED_START = { workMs: 3_000, closedMs: 5_000 };

/**
 * One process of a side: its consumer and its Temporal workers, sharing one connection. Services that are away are
 * waited for, and `/readyz` and the log say so. Whatever cannot be waited for throws HandoverError, with everything closed:
 * a wrong configuration, a port that is taken, a namespace that is missing.
 */
export async function startSideWorker(options: SideWorkerOptions): Promise<SideWorker> {
  const closers = new Closers(options.log);
  try {
    return await open(options, closers);
  } catch (error) {
    await closers.close(FAILED_START);
    throw error;
  }
}

async function open(options: SideWorkerOptions, closers: Closers): Promise<SideWorker> {
  const { side, migration, connections, consumes, http, temporalMetricsUrl, log, signal } = options;
  const redisTarget = readRedisUrl(connections.redis.url);
  if (migration.dispatch === 'inline-first' && redisTarget.cluster) throw noWitnessOnCluster();
  const settings = providerOf(migration);
  const provider = openProvider(settings);
  closers.add('provider', async () => provider.close?.());

  const attempts = new AttemptsUnderWay();
  const shutdown = new Shutdown({ migration, closers, attempts, log });
  const providerWatch = new ProviderWatch();
  let lossWatch: LossWatch | undefined;
  let policyKeeper: PolicyKeeper | undefined;
  let consuming: SideIntake | undefined;
  const readiness = new Readiness(log);
  readiness.add(() => shutdown.reasons());
  readiness.add(() => [
    ...(lossWatch?.reason() === undefined ? [] : [`ledger: ${lossWatch.reason()}`]),
    ...(policyKeeper?.doubt() === undefined ? [] : [`policy: ${policyKeeper.doubt()}`]),
    ...(consuming === undefined ? [] : reasonsOf(side, consuming)),
    ...(policyKeeper?.silence() === undefined ? [] : [`temporal: ${policyKeeper.silence()}`]),
    ...providerWatch.reasons(),
  ]);
  readiness.addWaits(() => providerWatch.waits());
  const holds = (): readonly Lasting[] => [...(consuming?.stallWatch.lasting ?? []), ...readiness.waits];
  const metrics = createMetrics(side, {
    inFlight: () => consuming?.intake.inFlight ?? 0,
    lingering: () => consuming?.intake.census.lingering ?? 0,
    waiting: () => consuming?.throttle.counts,
    throttled: () => consuming?.throttle.holding ?? false,
    source: () => consuming?.source.status(),
    past: () => consuming?.consumedUpTo(),
    policyVersion: () => consuming?.policy.current()?.policy.version,
    ready: () => readiness.reasons.length === 0,
    unchecked: () => readiness.unchecked.length,
    census: () => consuming?.intake.census,
    quietSeconds: () => consuming?.stallWatch.quietSeconds,
  });
  const health = await startHealthServer({
    ...http,
    readiness,
    holds,
    registry: metrics.registry,
    temporalMetricsUrl,
  });
  closers.add('health server', () => health.close());
  readiness.start();
  closers.add('readiness', async () => readiness.stop());

  const redis = connectRedis(redisTarget, {
    name: `handover-${migration.name}-${side}`,
    onError: (error) => log.debug({ error: error.message }, 'redis'),
  });
  closers.add('redis', () => closeRedis(redis));
  const eviction = new EvictionWatch({ redis, accept: migration.acceptEviction });
  closers.add('eviction watch', () => eviction.stop());
  readiness.add(() => eviction.reasons());
  readiness.addUnchecked(() => eviction.unchecked());
  const { name, settledLifetimeMs } = migration;
  const processId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  // Begun before anything is waited for: a process that waits for Temporal is not one that never was.
  const telling = tellOfProcess({
    side,
    processId,
    reports: createProcessReports(redis, name),
    report: () => ({
      consumes,
      http: health.address,
      reasons: readiness.lasting,
      holds: holds(),
      unchecked: readiness.unchecked,
      inHand: consuming?.stallWatch.inHand ?? { stages: [] },
    }),
    log,
  });
  closers.add('report', () => telling.stop());
  const ledger = createRedisLedger(redis, { migration: name, settledLifetimeMs });
  const policyStore = createPolicyStore(redis, name);
  const audit = createAudit(redis, name);

  const { namespace } = connections.temporal;
  const temporal = await reachTemporal({ temporal: connections.temporal, readiness, closers, log, signal });
  const { connection, client } = temporal;
  const isOpenRun = askTemporalWhetherOpen(client);
  const askRunState = createAskRunState(client);
  const retention = consumes ? await watchRetention({ side, migration, connections, client, log }) : undefined;
  if (retention !== undefined) {
    closers.add('retention watch', () => retention.stop());
    readiness.add(() => (retention.reason() === undefined ? [] : [`retention: ${retention.reason()}`]));
    readiness.addUnchecked(() => retention.unchecked());
  }
  const { adoption, retry, attemptTimeoutMs, settlesWithinMs, dispatch, limits } = migration;
  const lookup = provider.lookup !== undefined;
  const starter = new Starter({
    client,
    ledger,
    migration: name,
    settings: { adoption, retry, attemptTimeoutMs, settlesWithinMs, lookup, dispatch },
    side,
    readRun: readRunIn(client),
    witness: () => lossWatch?.witness(),
  });
  const onAttempt = (result: GrantResult, messageId: string): void => {
    metrics.attempt(result);
    providerWatch.attempt(result, messageId);
  };

  const inHand = new InHand();
  // Of a provider's own code nobody knows what it makes of a message that never was.
  const lookupSettings = 'grant' in settings ? undefined : settings.lookup;
  const probe = lookupSettings && startLookupProbe({ provider, lookup: lookupSettings, log });
  closers.add('lookup probe', async () => probe?.stop());
  const rewards = createRewardActivities({
    ledger,
    provider,
    client,
    isOpenRun,
    onAttempt,
    lookupFault: () => probe?.fault(),
  });
  const ownership = createOwnershipActivities({
    ledger,
    policyStore: policyUnlessInDoubt(policyStore, () => policyKeeper?.doubt()),
    sideStatus: createSideStatus(redis, name),
    isOpenRun,
    witness: () => lossWatch?.witness(),
  });
  const inline = createInlineActivities({ side, ledger, provider, isOpenRun, onAttempt });
  const told = tellInHand({ ...ownership, ...inline, ...rewards }, inHand);
  const { seek, rewardInline, reward } = attempts.watch(told);
  const resolutions = createResolutionActivities({ ledger, audit, isOpenRun, findAttempts: findAttemptsIn(client) });
  const { running } = await temporal.run(() =>
    createTemporalWorkers({
      connection,
      namespace,
      migration: name,
      side,
      ledgerSteps: { ...resolutions, seek },
      inline: { rewardInline },
      rewards: { ...rewards, reward },
      cutoverActivities: createCutoverWorkerActivities({
        migration: name,
        client,
        redis,
        ledger,
        policyStore,
        starter,
        isOpenRun,
        askRunState: askRunState,
        log,
      }),
      inFlight: limits.inFlight,
      stop: shutdown.budget,
    }),
  );

  const onPutRight = metrics.copyPutRight;
  const keeper = startPolicyKeeper({ migration: name, client, policyStore, audit, onPutRight, log });
  policyKeeper = keeper;
  closers.add('policy keeper', () => keeper.stop());
  const marks = createLedgerMarks(redis, name);
  const watch = startLossWatch({ migration: name, client, marks, connection: redis, processId, log });
  lossWatch = watch;
  closers.add('loss watch', () => watch.stop());
  const waiting = createWaitingMessages(redis, name);
  const doubted = createDoubtedCopies(redis, name);
  const { checkAfterMs } = limits;
  const sweeper = startSweeper({
    ledger,
    starter,
    staleMs: checkAfterMs,
    onUnowned: createUnownedMessages({ ledger, doubted, sideStatus: createSideStatus(redis, name), checkAfterMs, log }),
    log,
    uncount: (messageId) => waiting.leave(messageId),
    async enterAsItStands(messageId, record) {
      const runState = await askRunState(messageId);
      return typeof runState === 'string' ? undefined : enterRunState(runState, record, ledger, isOpenRun);
    },
  });
  closers.add('sweeper', () => sweeper.stop());
  const scan = startIndexScan({ redis, migration: name, processId, log });
  closers.add('index scan', () => scan.stop());
  if (retention !== undefined) {
    const parts = {
      redis,
      ledger,
      policyStore,
      client,
      starter,
      inHand,
      lossWatch,
      policyKeeper: keeper,
      retention,
      drainMs: shutdown.budget.drainMs,
      processId,
      observer: metrics.intake,
    };
    consuming = await startSideIntake({ side, migration, connections, ...parts, closers, log });
  }
  return {
    http: health.address,
    reasons: () => readiness.reasons,
    running,
    stop: () => shutdown.run(),
    hurry: () => closers.hurry(),
  };
}

function noWitnessOnCluster(): HandoverError {
  return new HandoverError('config-invalid', "dispatch 'inline-first' cannot be used with a Redis Cluster.", {
    hint: "Its nodes lose records one by one, and an attempt within a workflow task has no other witness. Use 'activity'.",
  });
}
