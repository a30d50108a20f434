import { createHash } from 'node:crypto';
import type { Side } from '../../domain/side.js';

/**
 * How many sorted sets the age index of a migration is spread over: enough that a cluster's nodes share it, few enough
 * that a sweep asks each of them.
 */
export const INDEX_SHARDS = 16;

/**
 * The only place that knows key names. The braces make a key's slot on a Redis Cluster: that of the message for records,
 * that of the migration for what one script writes together. Only records begin with `handover:{`, so that no message
 * ID can name anything else.
 */
export const keys = {
  record: (migration: string, messageId: string): string => `${recordPrefix(migration)}${messageId}}`,
  indexShard: (migration: string, shard: number): string => `handover:unsettled:{${migration}:${shard}}`,
  mark: (migration: string, index: number): string => `handover:mark:{${migration}:${index}}`,
  policy: (migration: string): string => `handover:policy:{${migration}}`,
  policyChannel: (migration: string): string => `handover:policy-changes:{${migration}}`,
  audit: (migration: string): string => `handover:audit:{${migration}}`,
  alive: (migration: string, side: Side): string => `handover:alive:{${migration}}:${side}`,
  past: (migration: string): string => `handover:past:{${migration}}`,
  skipped: (migration: string): string => `handover:skipped:{${migration}}`,
  holdings: (migration: string, side: Side): string => `handover:holdings:{${migration}}:${side}`,
  processes: (migration: string, side: Side): string => `handover:processes:{${migration}}:${side}`,
  waiting: (migration: string, owner: Side): string => `handover:waiting:{${migration}}:${owner}`,
  doubted: (migration: string, side: Side): string => `handover:doubted:{${migration}}:${side}`,
  indexScan: (migration: string): string => `handover:index-scan:{${migration}}`,
  indexScanner: (migration: string): string => `handover:index-scanner:{${migration}}`,
  deadLetters: (migration: string): string => `handover:dead-letters:{${migration}}`,
  deadLetterSources: (migration: string): string => `handover:dead-letter-sources:{${migration}}`,
  deadLetterCounts: (migration: string): string => `handover:dead-letter-counts:{${migration}}`,
};

/** Glob that matches the keys of a migration's records, and nothing else. A migration's name holds no glob character. */
export function recordPattern(migration: string): string {
  return `${recordPrefix(migration)}*`;
}

/** The message ID in a record's key. */
export function messageIdOf(migration: string, recordKey: string): string {
  return recordKey.slice(recordPrefix(migration).length, -1);
}

/** The shard of the age index that a message belongs to: the same for ever, so never change this. */
export function indexShardOf(messageId: string): number {
  return createHash('sha1').update(messageId).digest().readUInt32BE(0) % INDEX_SHARDS;
}

function recordPrefix(migration: string): string {
  return `handover:{${migration}:`;
}
