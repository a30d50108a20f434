import { setMaxListeners } from 'node:events';
import { type Client, QueryNotRegisteredError, QueryRejectedError, WorkflowClient } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { untilWoken } from '../async/until-woken.js';
import { toError } from '../domain/errors.js';
import {
  judgeLedger,
  judgeMark,
  type LedgerHealth,
  type LedgerWitness,
  type LossReport,
  type Trust,
} from '../domain/ledger/ledger-health.js';
import type { Log } from '../domain/log.js';
import type { RedisClient } from '../ledger/redis/connect.js';
import type { Beat, LedgerMarks } from '../ledger/redis/stores/marks.js';
import { cutoverQuery, ledgerLostSignal } from '../workflows/cutover/contract.js';
import type { cutover } from '../workflows/cutover/cutover.js';
import { cutoverStartOptions } from '../workflows/cutover/start.js';
import { CUTOVER_WORKFLOW, cutoverWorkflowId } from '../workflows/names.js';

export interface LossWatchOptions {
  readonly migration: string;
  readonly client: Client;
  readonly marks: Pick<LedgerMarks, 'count' | 'beat'>;
  /** Told of each lost and each new connection to Redis. */
  readonly connection: Pick<RedisClient, 'on' | 'off'>;
  /** Unlike that of any other process, ever. */
  readonly processId: string;
  readonly log: Log;
  /** From the end of one look to the next, in ms. Default 1000. */
  readonly everyMs?: number;
}

export interface LossWatch {
  /** Why the ledger is not to be relied on now, for people; undefined while it is whole, or partial. */
  reason(): string | undefined;
  /** Resolves once it is whole or partial. Rejects with the signal's reason. */
  whenWhole(signal: AbortSignal): Promise<void>;
  /**
   * Resolves once a look that began after this call has found it to be relied on: true if it is whole, false if it is
   * partial, so that no record proves nothing. Rejects with the signal's reason.
   */
  confirm(signal: AbortSignal): Promise<boolean>;
  /** Whether the last look has found it whole. */
  isWhole(): boolean;
  /** Has `listener` called whenever it is found whole after it was not. There is one listener: the intake. */
  onWhole(listener: () => void): void;
  /** See `LedgerState`. */
  remembersSince(): number;
  /**
   * How the last look has found the ledger. Undefined while it is partial or worse, on a cluster, and where Redis does not tell
   * which server it is.
   */
  witness(): LedgerWitness | undefined;
  stop(): Promise<void>;
}

/** At every how many looks that find the ledger partial the cutover workflow is asked whether it is at it. */
const ASK_EVERY = 10;

/** How long the cutover workflow may take to say which epoch is the present one, in ms. */
const PATIENCE_MS = 3_000;

/**
 * Notices that the ledger has lost records, and has it rebuilt: every second, and at each new connection, it puts this
 * process's pulse on the ledger's marks. Whatever it does not find as it left it, and whatever it cannot find out, makes
 * the ledger unreliable until the cutover workflow has had it rebuilt.
 */
export function startLossWatch(options: LossWatchOptions): LossWatch {
  const { migration, client, marks, connection, processId, log, everyMs = 1_000 } = options;
  const openOnly = new WorkflowClient({
    ...client.workflow.options,
    connection: client.connection,
    queryRejectCondition: 'NOT_OPEN',
  });
  let trusts: readonly Trust[] = Array.from({ length: marks.count }, () => ({}));
  let reason: string | undefined = 'it has not been looked at yet';
  let remembersSince = 0;
  let witness: LedgerWitness | undefined;
  let stopped = false;
  let wake: (() => void) | undefined;
  let looks = 0;
  /** The latest look that has found it to be relied on, and whether it was whole. */
  let reliedAtLook = 0;
  let whole = false;
  let onWhole: () => void = () => undefined;
  const waiters = new Set<() => void>();

  function hold(why: string): void {
    if (reason !== why && !stopped) log.warn({ why }, 'the ledger is not to be relied on: intake holds');
    reason = why;
    whole = false;
  }

  function release(isWhole: boolean): void {
    const isNews = reason !== undefined || whole !== isWhole;
    if (isNews && isWhole) log.info({}, 'the ledger is whole');
    if (isNews && !isWhole)
      log.warn({}, 'the ledger is partial: intake goes on, what has closed is still being restored');
    reason = undefined;
    whole = isWhole;
    reliedAtLook = looks;
    for (const waiter of waiters) waiter();
    waiters.clear();
    if (isNews && isWhole) onWhole();
  }

  /** Nobody would ever end a recovery whose workflow was ended, or set back to before it. */
  async function isAtIt(epoch: string | undefined): Promise<boolean> {
    if (looks % ASK_EVERY !== 0) return true;
    const present = await askForLedger();
    return present === 'not-yet' || present?.epoch === epoch;
  }

  /** One look. Answers whether another one is due at once. */
  async function look(): Promise<boolean> {
    looks += 1;
    const beats = await marks.beat(processId, trusts);
    remembersSince = Math.max(...beats.map((beat) => beat.remembersSince));
    const verdict = judgeLedger(beats.map(({ mark }, index) => judgeMark(trusts[index] ?? {}, mark)));
    const isPartial = verdict.verdict === 'partial';
    if (verdict.verdict === 'intact' || (isPartial && (await isAtIt(trusts[0]?.epoch)))) {
      trusts = beats.map(({ pulse }, index) => ({ ...trusts[index], ...(pulse !== undefined && { pulse }) }));
      witness = isPartial ? undefined : witnessOf(trusts, beats);
      release(!isPartial);
      return false;
    }
    hold(verdict.verdict === 'lost' ? verdict.why : 'it is being rebuilt');
    const present = await askForLedger();
    if (present === 'not-yet') return false;
    if (verdict.verdict === 'unproved' && present?.epoch === verdict.epoch) {
      trusts = beats.map(() => ({ epoch: verdict.epoch }));
      return true;
    }
    // Another process has told, or this one, and the workflow is at it.
    if (present?.phase === 'recovering') return false;
    const report: LossReport = {
      why: verdict.verdict === 'lost' ? verdict.why : `its epoch is not the present one`,
      ...(present !== undefined && { epoch: present.epoch }),
      ...('since' in verdict && verdict.since !== undefined && { since: verdict.since }),
    };
    await client.workflow.signalWithStart<typeof cutover, [LossReport]>(CUTOVER_WORKFLOW, {
      ...cutoverStartOptions(migration),
      signal: ledgerLostSignal,
      signalArgs: [report],
    });
    return false;
  }

  /** What the cutover workflow knows of the ledger; undefined: there is no workflow, or it has never been told. */
  async function askForLedger(): Promise<LedgerHealth | undefined | 'not-yet'> {
    try {
      const handle = openOnly.getHandle<typeof cutover>(cutoverWorkflowId(migration));
      const view = await client.withDeadline(Date.now() + PATIENCE_MS, () => handle.query(cutoverQuery));
      return view.ledger;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof QueryRejectedError) return undefined;
      if (error instanceof QueryNotRegisteredError) return 'not-yet';
      throw error;
    }
  }

  async function keepLooking(): Promise<void> {
    while (!stopped) {
      let again = false;
      try {
        again = await look();
      } catch (error) {
        hold(`it cannot be looked at: ${toError(error).message}`);
      }
      if (again || stopped) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Awaits what a look has to find. */
  async function until(found: () => boolean, signal: AbortSignal): Promise<void> {
    // As many wait for the same signal as there are deliveries to route: that is no leak.
    setMaxListeners(0, signal);
    while (!found()) await untilWoken(waiters, signal);
  }

  /** Another server may answer next, and what it does not know is looked for before anything is built on it. */
  const onGone = (): void => hold('the connection to Redis was lost, and it has not been looked at since');
  const onBack = (): void => wake?.();
  for (const event of ['close', '-node']) connection.on(event, onGone);
  for (const event of ['ready', '+node']) connection.on(event, onBack);
  const looking = keepLooking();

  return {
    reason: () => reason,
    whenWhole: (signal) => until(() => reason === undefined, signal),
    async confirm(signal) {
      const before = looks;
      wake?.();
      await until(() => reliedAtLook > before, signal);
      return whole;
    },
    isWhole: () => whole,
    onWhole(listener) {
      onWhole = listener;
    },
    remembersSince: () => remembersSince,
    witness: () => (whole ? witness : undefined),
    async stop() {
      stopped = true;
      for (const event of ['close', '-node']) connection.off(event, onGone);
      for (const event of ['ready', '+node']) connection.off(event, onBack);
      wake?.();
      await looking;
    },
  };
}

function witnessOf([trust, ...others]: readonly Trust[], [beat]: readonly Beat[]): LedgerWitness | undefined {
  if (others.length > 0 || trust?.epoch === undefined || beat === undefined || beat.server === '') return undefined;
  return { epoch: trust.epoch, server: beat.server };
}
