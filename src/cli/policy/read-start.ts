import { type GroupPosition, readGroupPositions } from '../../brokers/kafka-admin.js';
import type { MigrationStart } from '../../domain/start.js';
import type { Session } from '../connections.js';

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
export async function readStart(
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

/** What the positions mean for the person who has to have set them right. */
export function describePositions(positions: readonly GroupPosition[]): readonly string[] {
  const ahead = positions.reduce((sum, entry) => sum + entry.ahead, 0);
  const where = positions.map(({ partition, position }) => `${partition} from ${position}`).join(', ');
  return [
    `On Kafka handover goes on where its group is: partition ${where === '' ? 'none' : where}.`,
    `About ${ahead} messages from there on are handover's to reward. The consumer before must not have taken any of them.`,
  ];
}
