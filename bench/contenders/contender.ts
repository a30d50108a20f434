import type { Migration } from '../../src/config/migration.js';
import type { Side } from '../../src/domain/side.js';
import type { Ground } from '../ground/ground.js';

export const CONTENDERS = ['textbook', 'handover', 'handover-inline', 'bare', 'bare-inline', 'seed', 'dbos'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** Not ways to do it, but bounds for those that are: measured for their rates and costs only. */
export const BOUNDS: ReadonlySet<ContenderName> = new Set(['bare', 'bare-inline']);

/** How one worker process of a contender is run. */
export interface Launch {
  readonly commandLine: readonly [string, ...string[]];
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** One way to put a reward behind each message. */
export interface Contender {
  readonly name: string;
  /** Topics, group and the key names of its own; the names are those of a migration, whoever uses them. */
  readonly migration: Migration;
  /** Whether a message's workflow, of the message's own ID, is found in Temporal. */
  readonly inTemporal: boolean;
  /** What it needs beside topics and groups, before any of its workers is started. */
  prepare?(ground: Ground): Promise<void>;
  launch(ground: Ground, side: Side): Launch;
  /** Where the worker that printed `ready` serves the metrics of Temporal's core; undefined where it has none. */
  metricsOf(ready: Readonly<Record<string, unknown>>): string | undefined;
  /** Decides how much of what is published next `rocketmq` owns, in hundredths of a percent. Called while workers run. */
  setShare?(ground: Ground, hundredths: number): Promise<void>;
}
