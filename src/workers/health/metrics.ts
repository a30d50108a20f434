import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { SourceStatus } from '../../brokers/source.js';
import { type Census, STAGE_NAMES } from '../../domain/flow/flow.js';
import type { GrantResult } from '../../domain/reward/outcome.js';
import { SIDES, type Side } from '../../domain/side.js';
import type { IntakeObserver } from '../../intake/dependencies.js';
import type { CopyFault } from '../policy-keeper.js';

/** What the gauges read when they are scraped. */
export interface Readings {
  readonly inFlight: () => number;
  readonly lingering: () => number;
  /** Messages that wait for each side; undefined while not known. */
  readonly waiting: () => Readonly<Record<Side, number>> | undefined;
  /** Whether this side's intake holds, as too many wait for the other. */
  readonly throttled: () => boolean;
  readonly source: () => SourceStatus | undefined;
  readonly past: () => number | undefined;
  readonly policyVersion: () => number | undefined;
  readonly ready: () => boolean;
  /** How much could not be checked yet. */
  readonly unchecked: () => number;
  /** Deliveries by stage; undefined while nothing is consumed. */
  readonly census: () => Census | undefined;
  /** Since the last acceptance while anything is in hand. */
  readonly quietSeconds: () => number | undefined;
}

export interface Metrics {
  readonly registry: Registry;
  readonly intake: IntakeObserver;
  attempt(result: GrantResult): void;
  /** The copy of the policy in Redis was wrong, and was put right. */
  copyPutRight(found: CopyFault): void;
}

/** The process's own metrics, in the words of the design. No label ever holds an ID. */
export function createMetrics(side: Side, readings: Readings): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ side });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const routed = new Counter({
    name: 'handover_routed_total',
    help: 'Answers of route',
    labelNames: ['verdict'],
    registers,
  });
  const accepted = new Counter({
    name: 'handover_accepted_total',
    help: 'Deliveries brought to the workflow of their message, by how',
    labelNames: ['how'],
    registers,
  });
  const deadLettered = new Counter({
    name: 'handover_dead_lettered_total',
    help: 'Deliveries sent to the dead-letter topic',
    labelNames: ['reason'],
    registers,
  });
  const copies = new Counter({
    name: 'handover_policy_copies_put_right_total',
    help: 'Copies of the policy in Redis that were not as the cutover workflow has it, by what was wrong with them',
    labelNames: ['found'],
    registers,
  });
  const attempts = new Counter({
    name: 'handover_reward_attempts_total',
    help: 'Attempts at the reward, by what is known of them',
    labelNames: ['outcome'],
    registers,
  });
  const latency = new Histogram({
    name: 'handover_reward_attempt_seconds',
    help: 'Duration of attempts at the reward',
    labelNames: ['outcome'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  gauge(
    'handover_in_flight',
    'Deliveries between arrival and acceptance, or the end of their first attempt',
    readings.inFlight,
  );
  gauge('handover_lingering', 'Deliveries that wait for the other side to claim their message', readings.lingering);
  gauge(
    'handover_intake_stalled',
    'Seconds since the last acceptance while anything is in hand; absent while nothing is',
    readings.quietSeconds,
  );
  new Gauge({
    name: 'handover_intake_deliveries',
    help: 'Deliveries in each stage of their way through intake',
    labelNames: ['stage'],
    registers,
    collect() {
      const census = readings.census();
      if (census === undefined) this.reset();
      else for (const stage of STAGE_NAMES) this.set({ stage }, census[stage]);
    },
  });
  new Gauge({
    name: 'handover_waiting',
    help: 'Messages that one side has delivered and that wait for the other, their owner; about, and never too few',
    labelNames: ['owner'],
    registers,
    collect() {
      const waiting = readings.waiting();
      if (waiting === undefined) this.reset();
      else for (const owner of SIDES) this.set({ owner }, waiting[owner]);
    },
  });
  gauge('handover_throttled', '1 while intake holds, as too many messages wait for the other side', () =>
    Number(readings.throttled()),
  );
  gauge(
    'handover_policy_version',
    'Version of the policy in use; absent while it is not known',
    readings.policyVersion,
  );
  gauge('handover_ready', '1 if this process is ready', () => Number(readings.ready()));
  gauge('handover_unchecked', 'Checks of the start that could not be made yet and are tried again', readings.unchecked);
  gauge(
    'handover_source_skipped_positions',
    'Positions that the broker had deleted before they were read, since the process started',
    () => readings.source()?.skipped,
  );
  gauge('handover_source_restarts', 'Times the broker client was built anew', () => readings.source()?.restarts);
  gauge(
    'handover_past_timestamp_seconds',
    'All that the broker stored by then is accepted; absent while unknown',
    () => {
      const past = readings.past();
      return past === undefined ? undefined : past / 1000;
    },
  );

  /** A gauge that is read when it is scraped; what is not known is left out, never shown as 0. */
  function gauge(name: string, help: string, read: () => number | undefined): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }

  return {
    registry,
    intake: {
      routed: (verdict) => routed.inc({ verdict }),
      accepted: (how) => accepted.inc({ how }),
      deadLettered: (reason) => deadLettered.inc({ reason }),
    },
    copyPutRight: (found) => copies.inc({ found }),
    attempt({ outcome, evidence }) {
      attempts.inc({ outcome });
      if (evidence.latencyMs !== undefined) latency.observe({ outcome }, evidence.latencyMs / 1000);
    },
  };
}
