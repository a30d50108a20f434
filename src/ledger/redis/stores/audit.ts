import type { Recovery } from '../../../domain/ledger/ledger-health.js';
import type { PolicyVersion } from '../../../domain/policy/policy-change.js';
import type { Resolution, SettledOutcome } from '../../../domain/reward/outcome.js';
import type { RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask } from '../run-script.js';

/** How many entries the stream keeps, about. */
export const AUDIT_ENTRIES = 100_000;

/** What a person decided on one message. */
export interface ResolutionEntry {
  readonly messageId: string;
  readonly round: number;
  readonly resolution: Resolution | 'resume';
  readonly actor: string;
  readonly reason: string;
  /** What the ledger held after it, where that was final; another outcome than was told, if one was there before. */
  readonly outcome?: SettledOutcome;
}

/** The consumers' copy of the policy was found to be wrong, and was put right from the cutover workflow. */
export interface CopyPutRight {
  readonly version: number;
  readonly found: string;
  /** The parts of it that said something else. */
  readonly wrong: readonly string[];
}

/** An entry with its Redis time (ms). */
export type AuditEntry =
  | { readonly kind: 'policy'; readonly at: number; readonly entry: PolicyVersion }
  | { readonly kind: 'resolution'; readonly at: number; readonly entry: ResolutionEntry }
  | { readonly kind: 'recovery'; readonly at: number; readonly entry: Recovery }
  | { readonly kind: 'policy-copy'; readonly at: number; readonly entry: CopyPutRight };

/**
 * The stream of what people did: versions of the policy, which the policy store writes with the copy, and resolutions;
 * and of the recoveries of the ledger. It outlives Temporal's history. An entry whose answer was lost may be in it twice.
 */
export interface Audit {
  append(entry: ResolutionEntry): Promise<void>;
  recovered(entry: Recovery): Promise<void>;
  copyPutRight(entry: CopyPutRight): Promise<void>;
  /** The newest `limit` entries (100 by default), the oldest of them first. */
  list(limit?: number): Promise<AuditEntry[]>;
}

export function createAudit(client: RedisClient, migration: string): Audit {
  const stream = keys.audit(migration);

  async function add(kind: AuditEntry['kind'], entry: object, messageId?: string): Promise<void> {
    const purpose = { what: 'write to the audit stream', ...(messageId !== undefined && { messageId }) };
    await ask(client, purpose, () =>
      client.xadd(stream, 'MAXLEN', '~', AUDIT_ENTRIES, '*', 'kind', kind, 'entry', JSON.stringify(entry)),
    );
  }

  return {
    append: ({ messageId, round, resolution, actor, reason, outcome }) =>
      add('resolution', { messageId, round, resolution, actor, reason, outcome }, messageId),
    recovered: (entry) => add('recovery', entry),
    copyPutRight: (entry) => add('policy-copy', entry),

    async list(limit = 100) {
      const newest = await ask(client, { what: 'read the audit stream' }, () =>
        client.xrevrange(stream, '+', '-', 'COUNT', limit),
      );
      return newest.reverse().map(([id, fields]) => {
        const [, kind, , json] = fields;
        return { kind, at: Number(id.split('-')[0]), entry: JSON.parse(json ?? 'null') } as AuditEntry;
      });
    },
  };
}
