import type { Client } from '@temporalio/client';
import type { Connections } from '../config/connections.js';
import type { Migration } from '../config/migration.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Audit } from '../ledger/redis/stores/audit.js';
import type { DeadLetterIndex } from '../ledger/redis/stores/dead-letter-index.js';
import type { LedgerMarks } from '../ledger/redis/stores/marks.js';
import type { PolicyStore } from '../ledger/redis/stores/policy-store.js';
import type { ProcessReports } from '../ledger/redis/stores/process-reports.js';
import type { SideStatus } from '../ledger/redis/stores/side-status.js';

/** The parts of the ledger that commands read; all over one connection. */
export interface LedgerParts {
  readonly ledger: Ledger;
  readonly marks: LedgerMarks;
  readonly policyStore: PolicyStore;
  readonly deadLetters: DeadLetterIndex;
  readonly sideStatus: SideStatus;
  readonly processReports: ProcessReports;
  readonly audit: Audit;
}

/** What a command works with. Each connection is opened when it is first asked for. */
export interface Session {
  readonly migration: Migration;
  readonly connections: Connections;
  readonly namespace: string;
  /** Web UI's page of a message's workflow, where Web UI is known. */
  workflowUrl(workflowId: string): string | undefined;
  /** @throws HandoverError `temporal-unavailable`, `namespace-missing` */
  temporal(): Promise<Client>;
  /** Connects as it is used. */
  redis(): Promise<LedgerParts>;
}

export interface Operator {
  readonly actor: string;
  readonly reason: string;
}
