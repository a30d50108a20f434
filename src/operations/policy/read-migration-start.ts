import { type GroupPosition, readGroupPositions } from '../../brokers/kafka/admin.js';
import type { MigrationStart } from '../../domain/policy/start.js';
import type { Session } from '../session.js';

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface StartReading {
  readonly start: MigrationStart;
  readonly positions: readonly GroupPosition[];
}

/**
 * The start at `at` (`now`, by Redis time, or an instant), with the positions at which handover's group goes on in Kafka:
 * what lies below them was left to the consumer that was there before.
 * @throws HandoverError `broker-unavailable` or `ledger-unavailable`
 */
export async function readMigrationStart(
  session: Pick<Session, 'redis' | 'connections' | 'migration'>,
  at: string,
): Promise<StartReading> {
  const { migration, connections } = session;
  const { ledger } = await session.redis();
  const [positions, now] = await Promise.all([
    readGroupPositions(connections.kafka, {
      topic: migration.topics.kafka,
      group: migration.consumerGroup,
      log: SILENT,
    }),
    ledger.now(),
  ]);
  const start = {
    at: at === 'now' ? new Date(now).toISOString() : at,
    marginMs: migration.adoption.marginMs,
    positions: Object.fromEntries(positions.map(({ partition, position }) => [String(partition), position])),
  };
  return { start, positions };
}
