import type { Client } from '@temporalio/client';
import { untilWoken, wakeAll } from '../async/until-woken.js';
import { within } from '../async/waiting.js';
import { readTopicRetention } from '../brokers/kafka/admin.js';
import type { Connections } from '../config/connections.js';
import type { Migration } from '../config/migration.js';
import { HandoverError } from '../domain/errors.js';
import { surelyWitnessedFor, witnessedFor } from '../domain/ledger/ledger-health.js';
import type { Log } from '../domain/log.js';
import { findForgetful, type Retention } from '../domain/message/retention.js';
import type { Side } from '../domain/side.js';
import { RetriedCheck } from './retried-check.js';

export interface RetentionWatchOptions {
  readonly settledLifetimeMs: number;
  /** Whether a longer retention is accepted: then nothing is compared. */
  readonly acceptLonger: boolean;
  /** Asks Temporal for how long it keeps closed workflows. */
  readonly temporal: () => Promise<Retention>;
  /** Asks the broker for how long it keeps messages. Undefined: it does not tell. */
  readonly broker?: () => Promise<Retention>;
  readonly log: Log;
  /** Pause before what could not be asked, or was refused, is asked again, in ms. Default 30 000. */
  readonly everyMs?: number;
}

/** How long the start may wait for one answer, in ms: rewards of this side wait with it. */
const PATIENCE_MS = 5_000;

/**
 * Whether the ledger remembers for longer than the broker and Temporal do. What could not be asked at the start is asked
 * again until it was. A memory that turns out too short then makes intake hold: what comes back after the ledger has
 * forgotten it would be dead-lettered, although nobody has accepted that.
 */
export class RetentionWatch {
  readonly #options: RetentionWatchOptions;
  readonly #temporal: RetriedCheck<Retention>;
  readonly #checks: readonly RetriedCheck<Retention>[];
  readonly #waiters = new Set<() => void>();
  #refusal: string | undefined;

  private constructor(options: RetentionWatchOptions) {
    const { temporal, broker, acceptLonger, everyMs = 30_000 } = options;
    this.#options = options;
    const isFinal = (answer: Retention): boolean => this.#faultsOf([answer]).length === 0;
    const check = (what: string, ask: () => Promise<Retention>): RetriedCheck<Retention> =>
      new RetriedCheck({ what, ask: () => inTime(ask()), isFinal, everyMs });
    this.#temporal = check('retention of Temporal', temporal);
    // Temporal's is needed for more than the comparison.
    this.#checks = [
      this.#temporal,
      ...(broker === undefined || acceptLonger ? [] : [check('retention of Kafka', broker)]),
    ];
  }

  /**
   * Asks once, and goes on with what was not answered.
   * @throws HandoverError `config-invalid` where the ledger would forget too early
   */
  static async start(options: RetentionWatchOptions): Promise<RetentionWatch> {
    const watch = new RetentionWatch(options);
    await Promise.all(watch.#checks.map((check) => check.ask()));
    const faults = watch.#faults();
    if (faults.length > 0) {
      throw new HandoverError('config-invalid', `The ledger would forget too early. ${faults.join('. ')}.`, {
        hint: 'Or set acceptLongerRetention: true: what comes back after the ledger has forgotten it is then dead-lettered as too-old.',
      });
    }
    for (const check of watch.#checks) check.keepAsking(() => watch.#judge());
    return watch;
  }

  /** Why intake holds, for people; undefined while it need not. */
  reason(): string | undefined {
    return this.#refusal;
  }

  /** What could not be asked yet, a sentence each. */
  unchecked(): readonly string[] {
    return this.#checks.flatMap(({ unchecked }) => unchecked ?? []);
  }

  /** See `IntakeRules`. While Temporal does not tell, it is taken to remember nothing: what is new is looked at twice. */
  witnessMs(): number {
    const keepsMs = this.#temporal.answer?.keepsMs;
    return typeof keepsMs === 'number' ? witnessedFor(keepsMs) : 0;
  }

  /** See `IntakeRules`. */
  surelyWitnessedMs(): number {
    const keepsMs = this.#temporal.answer?.keepsMs;
    return typeof keepsMs === 'number' ? surelyWitnessedFor(keepsMs) : 0;
  }

  /** Resolves while there is no {@link reason}. Rejects with the signal's reason. */
  async whenWhole(signal: AbortSignal): Promise<void> {
    while (this.#refusal !== undefined) await untilWoken(this.#waiters, signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#checks.map((check) => check.stop()));
  }

  #judge(): void {
    const faults = this.#faults();
    const refusal = faults.length === 0 ? undefined : `the ledger would forget too early: ${faults.join('. ')}`;
    if (refusal !== undefined && this.#refusal === undefined)
      this.#options.log.error({ refusal }, 'a check that could not be made at the start has failed: intake holds');
    if (refusal === undefined && this.#refusal !== undefined)
      this.#options.log.info({}, 'the ledger remembers for long enough: intake goes on');
    this.#refusal = refusal;
    if (refusal === undefined) wakeAll(this.#waiters);
  }

  #faults(): readonly string[] {
    return this.#faultsOf(this.#checks.flatMap(({ answer }) => answer ?? []));
  }

  #faultsOf(known: readonly Retention[]): readonly string[] {
    const { acceptLonger, settledLifetimeMs } = this.#options;
    return acceptLonger ? [] : findForgetful(settledLifetimeMs, known);
  }
}

async function inTime(asked: Promise<Retention>): Promise<Retention> {
  if (await within(PATIENCE_MS, asked)) return asked;
  throw new Error(`no answer within ${PATIENCE_MS / 1_000} s`);
}

export interface RetentionCheck {
  /** The side whose broker is asked. RocketMQ's proxy does not tell for how long its messages are kept. */
  readonly side: Side;
  readonly migration: Migration;
  readonly connections: Connections;
  readonly client: Client;
  readonly log: Log;
}

/** Watches what a side's ledger has to outlast. @throws HandoverError as {@link RetentionWatch.start} */
export function watchRetention({ side, migration, connections, client, log }: RetentionCheck): Promise<RetentionWatch> {
  const topic = migration.topics.kafka;
  const { namespace } = connections.temporal;
  return RetentionWatch.start({
    settledLifetimeMs: migration.settledLifetimeMs,
    acceptLonger: migration.acceptLongerRetention,
    temporal: async () => ({
      who: `Temporal keeps the closed workflows of namespace '${namespace}'`,
      keepsMs: await readTemporalRetention(client),
      setting: "the namespace's retention",
    }),
    ...(side === 'kafka' && {
      broker: async () => ({
        who: `Kafka keeps the messages of topic '${topic}'`,
        keepsMs: await readTopicRetention(connections.kafka, { topic, log }),
        setting: "the topic's retention.ms",
      }),
    }),
    log,
  });
}

/** How long Temporal may take to tell, in ms. */
const TEMPORAL_PATIENCE_MS = 5_000;

/**
 * For how long Temporal keeps the workflows of the client's namespace after they have closed, in ms.
 * @throws what the client throws; Error, if Temporal does not say
 */
export async function readTemporalRetention(client: Client): Promise<number> {
  const { namespace } = client.options;
  const { config } = await client.withDeadline(Date.now() + TEMPORAL_PATIENCE_MS, () =>
    client.workflowService.describeNamespace({ namespace }),
  );
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? Number.NaN);
  if (Number.isNaN(seconds))
    throw new Error(`Temporal does not say for how long namespace '${namespace}' keeps workflows`);
  return seconds * 1_000;
}
