import type { Migration } from '../../../config/migration.js';

/** A consumer group and the topics on which it begins at the first message. */
export interface Group {
  readonly group: string;
  readonly topics: readonly string[];
}

/** What a migration needs to find on the brokers and in Temporal. */
export interface Resources {
  readonly kafka: {
    readonly topics: readonly { readonly name: string; readonly partitions: number }[];
    readonly groups: readonly Group[];
  };
  readonly rocketmq: {
    readonly topics: readonly { readonly name: string; readonly queues: number }[];
    readonly groups: readonly Group[];
  };
  /** Name and type, in Temporal's words. */
  readonly searchAttributes: Readonly<Record<string, SearchAttributeType>>;
}

export type SearchAttributeType = 'Keyword';

/** The search attributes that message workflows carry, as src/workflows/names.ts defines them. */
export const DEFAULT_SEARCH_ATTRIBUTES = {
  HandoverOwner: 'Keyword',
  HandoverState: 'Keyword',
  HandoverMigration: 'Keyword',
} as const satisfies Record<string, SearchAttributeType>;

/** Enough to spread over, few enough for a machine with two cores. */
const PARTITIONS = 4;

/** The names of a migration on its brokers. */
export type MigrationNames = Pick<Migration, 'name' | 'topics' | 'deadLetterTopics' | 'consumerGroup'>;

/** Topics, dead-letter topics and groups of a migration; where both sides' names are the same, that is no clash. */
export function resourcesOf({ name, topics, deadLetterTopics, consumerGroup }: MigrationNames): Resources {
  return {
    kafka: {
      topics: [topics.kafka, deadLetterTopics.kafka].map((topic) => ({ name: topic, partitions: PARTITIONS })),
      groups: [{ group: consumerGroup, topics: [topics.kafka] }],
    },
    rocketmq: {
      topics: [topics.rocketmq, deadLetterTopics.rocketmq].map((topic) => ({ name: topic, queues: PARTITIONS })),
      groups: [
        { group: consumerGroup, topics: [topics.rocketmq] },
        // Whoever reads the dead letters needs a group of their own: this broker has no reading without one.
        { group: `handover-${name}-dead-letters`, topics: [deadLetterTopics.rocketmq] },
      ],
    },
    searchAttributes: DEFAULT_SEARCH_ATTRIBUTES,
  };
}
