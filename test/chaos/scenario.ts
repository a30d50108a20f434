import type { Migration } from '../../src/config/migration.js';
import type { Rig } from './rig.js';

/** How the workers make the first attempt at a reward. */
export type Dispatch = Migration['dispatch'];

/** One attempt at breaking promises: traffic, and faults in it. */
export interface Scenario {
  /** As for `--scenario`. */
  readonly name: string;
  /** The promises that it tries to break, P1 to P7 of docs/guarantees.md. */
  readonly promises: readonly string[];
  /** Rows of the list of faults that it covers; the whole list is in scenarios/index.ts. */
  readonly covers: readonly number[];
  /** Every fault by name; each must be seen to have happened, as `rig.fired` is told, or the run proves nothing. */
  readonly faults: readonly string[];
  /** Messages that must have been granted, with their effect, for the run to mean anything. */
  readonly leastGranted: number;
  /** How the workers of its run make first attempts. Default `activity`, as in production. */
  readonly dispatch?: Dispatch;
  /** `long`: takes too long for the short set. */
  readonly set: 'short' | 'long';
  /** Its faults are such that a worker may end by itself, loudly, and nothing is held against that. */
  readonly mayEndWorkers?: boolean;
  /** Publishes and does harm. The services and workers need not be whole when it returns; what it published must settle. */
  drive(rig: Rig): Promise<void>;
  /** Longest time from the end of the faults until everything has come to an end, in ms. Default 90 000. */
  readonly settleMs?: number;
}

/** What came of one run of a scenario. The first seven fields are what `--json` promises. */
export interface ScenarioResult {
  readonly name: string;
  readonly covers: readonly number[];
  /** Unique valid messages that were published. */
  readonly messages: number;
  readonly faultsFired: number;
  /** Messages with more than one effect. */
  readonly duplicates: number;
  /** Messages that are not granted with an effect, nor refused, nor parked and shown, nor stranded and shown. */
  readonly lost: number;
  readonly parked: number;
  readonly ok: boolean;
  readonly granted: number;
  readonly refused: number;
  readonly stranded: number;
  /** Messages whose first attempt was made within a workflow task. Not there: it was a run without such. */
  readonly inline?: number;
  /** How often each fault was seen to happen. */
  readonly faults: Readonly<Record<string, number>>;
  readonly seed: string;
  readonly seconds: number;
  /** From the end of the faults until everything had come to an end. */
  readonly recoverySeconds: number;
  /** A sentence for each promise or condition that did not hold. */
  readonly broken: readonly string[];
}
