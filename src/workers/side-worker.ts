import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { findAttemptsIn } from '../activities/earlier-attempts.js';
import { createInlineActivities } from '../activities/inline-activities.js';
import { askTemporalWhetherOpen, readRunIn } from '../activities/open-run.js';
import { createOwnershipActivities } from '../activities/ownership-activities.js';
import { createResolutionActivities } from '../activities/resolution-activities.js';
import { createRewardActivities } from '../activities/reward-activities.js';
import type { Connections } from '../config/connections.js';
import type { Migration } from '../config/migration.js';
import { providerOf } from '../config/provider-of.js';
import { HandoverError, toError } from '../domain/errors.js';
import { witnessedFor } from '../domain/ledger-loss.js';
import type { GrantResult } from '../domain/outcome.js';
import type { Side } from '../domain/side.js';
import { InHand } from '../intake/in-hand.js';
import { Starter } from '../intake/starter.js';
import { createAudit } from '../ledger/audit.js';
import { closeRedis, connectRedis, readRedisUrl } from '../ledger/connect.js';
import { createLedgerMarks } from '../ledger/marks.js';
import { createPolicyStore } from '../ledger/policy-store.js';
import { createRedisLedger } from '../ledger/redis-ledger.js';
import { createSideSigns } from '../ledger/signs.js';
import { openProvider } from '../reward/open-provider.js';
import { Closers } from './closers.js';
import { startHealthServer } from './health-server.js';
import { startLookupProbe } from './lookup-probe.js';
import { type LossWatch, startLossWatch } from './loss-watch.js';
import { createMetrics } from './metrics.js';
import { type PolicyKeeper, startPolicyKeeper } from './policy-keeper.js';
import { policyUnlessInDoubt } from './policy-while-whole.js';
import { checkRetention } from './retention.js';
import { type SideIntake, startSideIntake } from './side-intake.js';
import { enterStanding } from './standing-entry.js';
import { createAskStanding } from './standing-query.js';
import { createStewardActivities } from './steward-activities.js';
import { startSweeper } from './sweeper.js';
import { tellInHand } from './tell-in-hand.js';
import { readTemporalRetention } from './temporal-retention.js';
import { connectToTemporal } from './temporal-runtime.js';
import { createTemporalWorkers } from './temporal-workers.js';

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
  /** Stops intake, drains, then the Temporal workers, then the connections. */
  stop(): Promise<void>;
}

/**
 * One process of a side: its consumer and its Temporal workers, sharing one connection. Services that are away are
 * waited for; a wrong configuration throws HandoverError before the first connection.
 */
export async function startSideWorker(options: SideWorkerOptions): Promise<SideWorker> {
  const closers = new Closers(options.log);
  try {
    return await open(options, closers);
  } catch (error) {
    await closers.close();
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

  let connected = false;
  let providerFault: string | undefined;
  let lossWatch: LossWatch | undefined;
  let policyKeeper: PolicyKeeper | undefined;
  let consuming: SideIntake | undefined;
  const reasons = (): readonly string[] => [
    ...(connected ? [] : ['temporal: not connected']),
    ...(lossWatch?.reason() === undefined ? [] : [`ledger: ${lossWatch.reason()}`]),
    ...(policyKeeper?.doubt() === undefined ? [] : [`policy: ${policyKeeper.doubt()}`]),
    ...(consuming === undefined ? [] : reasonsOf(side, consuming)),
    ...(providerFault === undefined ? [] : [`provider: ${providerFault}`]),
  ];
  const metrics = createMetrics(side, {
    inFlight: () => consuming?.intake.inFlight ?? 0,
    lingering: () => consuming?.intake.census.lingering ?? 0,
    waiting: () => consuming?.throttle.counts,
    throttled: () => consuming?.throttle.holding ?? false,
    source: () => consuming?.source.status(),
    past: () => consuming?.source.past(),
    policyVersion: () => consuming?.policy.current()?.policy.version,
    ready: () => reasons().length === 0,
  });
  const health = await startHealthServer({ ...http, reasons, registry: metrics.registry, temporalMetricsUrl });
  closers.add('health server', () => health.close());

  const redis = connectRedis(redisTarget, {
    name: `handover-${migration.name}-${side}`,
    onError: (error) => log.debug({ error: error.message }, 'redis'),
  });
  closers.add('redis', () => closeRedis(redis));
  const { name, settledLifetimeMs } = migration;
  const ledger = createRedisLedger(redis, { migration: name, settledLifetimeMs });
  const policyStore = createPolicyStore(redis, name);
  const audit = createAudit(redis, name);

  const { connectionOptions, namespace } = connections.temporal;
  const connection = await connectToTemporal(connectionOptions, log, signal);
  closers.add('temporal connection', () => connection.close());
  const client = new Client({ connection, namespace });
  const isOpenRun = askTemporalWhetherOpen(client);
  const askStanding = createAskStanding(client);
  if (consumes) await checkRetention({ side, migration, connections, client, log });
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
  const onAttempt = (result: GrantResult): void => {
    metrics.attempt(result);
    const atFault = result.outcome === 'not-executed' && result.workerAtFault === true;
    providerFault = atFault ? result.evidence.detail : undefined;
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
    signs: createSideSigns(redis, name),
    isOpenRun,
  });
  const inline = createInlineActivities({ side, ledger, provider, isOpenRun, onAttempt });
  const { seek, rewardInline, reward } = tellInHand({ ...ownership, ...inline, ...rewards }, inHand);
  const resolutions = createResolutionActivities({ ledger, audit, isOpenRun, findAttempts: findAttemptsIn(client) });
  const workers = await createTemporalWorkers({
    connection,
    namespace,
    migration: name,
    side,
    ledgerSteps: { ...resolutions, seek },
    inline: { rewardInline },
    rewards: { ...rewards, reward },
    steward: createStewardActivities({
      migration: name,
      client,
      redis,
      ledger,
      policyStore,
      starter,
      isOpenRun,
      askStanding,
      log,
    }),
    inFlight: limits.inFlight,
    graceMs: migration.attemptTimeoutMs,
  });
  const running = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  // Whoever awaits `running` decides what follows; until then its end must not be an unhandled one.
  running.catch((error: unknown) => log.error({ error: toError(error).message }, 'a Temporal worker died'));
  closers.add('temporal workers', async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  });
  connected = true;

  const onPutRight = metrics.copyPutRight;
  const keeper = startPolicyKeeper({ migration: name, client, policyStore, audit, onPutRight, log });
  policyKeeper = keeper;
  closers.add('policy keeper', () => keeper.stop());
  const processId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const marks = createLedgerMarks(redis, name);
  const watch = startLossWatch({ migration: name, client, marks, connection: redis, processId, log });
  lossWatch = watch;
  closers.add('loss watch', () => watch.stop());
  const sweeper = startSweeper({
    ledger,
    starter,
    staleMs: limits.checkAfterMs,
    log,
    async enterAsItStands(messageId, record) {
      const standing = await askStanding(messageId);
      return typeof standing === 'string' ? undefined : enterStanding(standing, record, ledger, isOpenRun);
    },
  });
  closers.add('sweeper', () => sweeper.stop());
  if (consumes) {
    const witnessMs = await readWitnessMs(client, log);
    const parts = {
      redis,
      ledger,
      policyStore,
      starter,
      inHand,
      lossWatch,
      policyKeeper: keeper,
      witnessMs,
      processId,
      observer: metrics.intake,
    };
    consuming = await startSideIntake({ side, migration, connections, ...parts, closers, log });
  }
  return { http: health.address, reasons, running, stop: () => closers.close() };
}

function noWitnessOnCluster(): HandoverError {
  return new HandoverError('config-invalid', "dispatch 'inline-first' cannot be used with a Redis Cluster.", {
    hint: "Its nodes lose records one by one, and an attempt within a workflow task has no other witness. Use 'activity'.",
  });
}

function reasonsOf(side: Side, { intake, source }: SideIntake): readonly string[] {
  const { ready, reason } = source.status();
  return [...intake.holds, ...(ready ? [] : [`${side}: ${reason ?? 'the consumer is not running yet'}`])];
}

/** Where Temporal does not tell, it is taken to remember nothing: intake then looks twice at whatever is new to it. */
async function readWitnessMs(client: Client, log: Logger): Promise<number> {
  try {
    return witnessedFor(await readTemporalRetention(client));
  } catch (error) {
    log.warn({ error: toError(error).message }, 'it is not known for how long Temporal keeps workflows');
    return 0;
  }
}
