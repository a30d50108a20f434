import { HandoverError } from '../src/domain/errors.js';
import type { LocalStack } from '../src/stack/state.js';
import type { Postgres } from './postgres.js';

export interface TemporalOnPostgres {
  readonly temporal: LocalStack['temporal'];
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startTemporalOnPostgres(_options: {
  readonly instance: string;
  readonly folder: string;
  readonly postgres: Postgres | undefined;
  readonly say: (line: string) => void;
}): Promise<TemporalOnPostgres> {
  throw new HandoverError('tool-missing', 'There is no Temporal server for PostgreSQL here.');
}
