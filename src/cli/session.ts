import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { Connections } from '../config/connections.js';
import type { Migration } from '../config/migration.js';
import { HandoverError } from '../domain/errors.js';
import { DEFAULT_INSTANCE } from '../local/stack/folders.js';
import { readStack } from '../local/stack/state.js';
import type { LedgerParts, Session } from '../operations/session.js';

/** Flags of every command that speaks to the services. */
export interface ConnectionFlags {
  /** The local stack, where the environment names no services. Undefined: the one of the usual name. */
  readonly instance?: string;
  readonly config?: string;
}

/** Adds {@link ConnectionFlags} and `--json` to a command. */
export function withConnectionFlags(command: Command): Command {
  return command
    .option('--instance <name>', `which local stack (default: "${DEFAULT_INSTANCE}")`)
    .option('--config <file>', 'the migration, else ./handover.config.ts, else the defaults')
    .option('--json', 'print the result as one line of JSON');
}

/**
 * Runs a command's work with a session, and closes what it has opened, however it ends.
 * @throws HandoverError: of the work, of an invalid config, or `temporal-unavailable`
 */
export async function withSession<T>(flags: ConnectionFlags, work: (session: Session) => Promise<T>): Promise<T> {
  const [{ loadMigration }, { findConnections }] = await Promise.all([
    import('../config/load-migration.js'),
    import('./find-connections.js'),
  ]);
  const migration = await loadMigration({ configPath: flags.config, env: process.env });
  const connections = findConnections(flags.instance, process.env);
  const webUi = findWebUi(flags.instance, connections);
  const { namespace } = connections.temporal;
  const closers: (() => Promise<void>)[] = [];
  let temporal: Promise<Client> | undefined;
  let redis: Promise<LedgerParts> | undefined;
  try {
    return await work({
      migration,
      connections,
      namespace,
      workflowUrl: (workflowId) =>
        webUi && `${webUi}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`,
      temporal() {
        temporal ??= import('./open-temporal.js').then((parts) => parts.openTemporal(connections.temporal, closers));
        return temporal;
      },
      redis() {
        redis ??= openRedis(connections, migration, closers);
        return redis;
      },
    });
  } catch (error) {
    throw await explain(error, temporal !== undefined);
  } finally {
    await Promise.allSettled(closers.map((close) => close()));
  }
}

/** What a command is told of a fault that its own work has nothing better to say of. */
async function explain(error: unknown, askedTemporal: boolean): Promise<unknown> {
  if (error instanceof HandoverError && error.code === 'ledger-unavailable') {
    // A worker asks again by itself. A command does not.
    const hint = 'Look whether Redis is up, and whether REDIS_URL (or the local stack: handover up) leads to it.';
    return new HandoverError(error.code, error.message, { cause: error, hint });
  }
  return askedTemporal ? (await import('./open-temporal.js')).explainTemporal(error) : error;
}

/** Temporal's Web UI: the local stack's, if it is in use, or what HANDOVER_TEMPORAL_UI says. */
function findWebUi(instance: string | undefined, { temporal }: Connections): string | undefined {
  const named = process.env['HANDOVER_TEMPORAL_UI'];
  if (named !== undefined && named !== '') return named.replace(/\/+$/, '');
  const stack = readStack(instance ?? DEFAULT_INSTANCE)?.temporal;
  return stack?.address === temporal.connectionOptions.address ? stack?.ui : undefined;
}

async function openRedis(
  { redis }: Connections,
  { name, settledLifetimeMs }: Migration,
  closers: (() => Promise<void>)[],
): Promise<LedgerParts> {
  const [{ closeRedis, connectRedis, readRedisUrl }, ...parts] = await Promise.all([
    import('../ledger/redis/connect.js'),
    import('../ledger/redis/redis-ledger.js'),
    import('../ledger/redis/stores/marks.js'),
    import('../ledger/redis/stores/policy-store.js'),
    import('../ledger/redis/stores/dead-letter-index.js'),
    import('../ledger/redis/stores/side-status.js'),
    import('../ledger/redis/stores/process-reports.js'),
    import('../ledger/redis/stores/audit.js'),
  ]);
  const [
    { createRedisLedger },
    { createLedgerMarks },
    { createPolicyStore },
    { createDeadLetterIndex },
    { createSideStatus: createSideSigns },
    { createProcessReports },
    { createAudit },
  ] = parts;
  // A fault of the connection reaches the command by the call that it fails.
  const client = connectRedis(readRedisUrl(redis.url), { name: 'handover-cli', onError: () => undefined });
  closers.push(() => closeRedis(client));
  return {
    ledger: createRedisLedger(client, { migration: name, settledLifetimeMs }),
    marks: createLedgerMarks(client, name),
    policyStore: createPolicyStore(client, name),
    deadLetters: createDeadLetterIndex(client, name),
    sideStatus: createSideSigns(client, name),
    processReports: createProcessReports(client, name),
    audit: createAudit(client, name),
  };
}
