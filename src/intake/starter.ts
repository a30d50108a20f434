import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { LedgerWitness } from '../domain/ledger/ledger-health.js';
import type { Message } from '../domain/message/message.js';
import type { Decision } from '../domain/policy/policy.js';
import { SETTLED_OUTCOMES } from '../domain/reward/outcome.js';
import type { DeliveredArgs, MessageSettings } from '../domain/run.js';
import { isSide, type Side } from '../domain/side.js';
import type { Ledger } from '../ledger/ledger.js';
import { deliveredSignal, type MessageResult } from '../workflows/message/contract.js';
import { MESSAGE_WORKFLOW, SEARCH_ATTRIBUTES } from '../workflows/names.js';
import { MIGRATION_MEMO, messageStartOptions } from './start-options.js';

/** A message that the ledger has an owner for. */
export interface RoutedMessage {
  readonly message: Message;
  readonly fingerprint: string;
  readonly decision: Decision;
  /** Redis time, ms since the epoch. */
  readonly receivedAt: number;
  /** The broker had stored it by then; Redis time, ms since the epoch. */
  readonly storedBy?: number;
  /** When the broker stored this side's copy, by its own clock (ms since the epoch); as it came, garbage included. */
  readonly storedAt: number;
}

/**
 * Where a delivery has become durable, or where a message was found. `id-taken`: it cannot become durable, as something
 * else goes by this workflow ID. `with-broker`: there is no workflow, and nobody has claimed it yet. `parked`: its
 * workflow is open, and waits for a person.
 */
export type StartResult =
  | 'started'
  | 'started-eagerly'
  | 'delivered'
  | 'parked'
  | 'completed'
  | 'stranded'
  | 'id-taken'
  | 'with-broker';

export interface StarterDependencies {
  readonly client: Pick<Client, 'workflow'>;
  readonly ledger: Pick<Ledger, 'settle' | 'strand' | 'unindex'>;
  readonly migration: string;
  readonly settings: MessageSettings;
  readonly side: Side;
  /** By which ID the ledger knows a run that Temporal has described. */
  readonly readRun: (description: WorkflowExecutionDescription) => Promise<string>;
  /** How the ledger is now, for an attempt that has no other witness; undefined where that is not known for certain. */
  readonly witness?: () => LedgerWitness | undefined;
}

/** Brings a delivery to the one workflow of its message, starting it where there is none. Throws what Temporal throws. */
export class Starter {
  readonly #deps: StarterDependencies;

  constructor(deps: StarterDependencies) {
    this.#deps = deps;
  }

  /** Starts the message's workflow; where it exists already, tells it of this side's delivery. */
  async start(routed: RoutedMessage): Promise<StartResult> {
    const { client, migration, settings, side } = this.#deps;
    const { message, fingerprint, decision } = routed;
    const { messageId, businessId, traceparent, body } = message;
    const witness =
      settings.dispatch === 'inline-first' && decision.owner === side ? this.#deps.witness?.() : undefined;
    const options = messageStartOptions({
      input: {
        migration,
        messageId,
        fingerprint,
        decision,
        settings,
        delivered: [deliveredArgs(side, routed)],
        ...(businessId !== undefined && { businessId }),
        ...(traceparent !== undefined && { traceparent }),
        ...(witness !== undefined && { witness }),
      },
      body,
      side,
      state: decision.owner === side ? 'processing' : 'waiting',
    });
    for (;;) {
      try {
        const handle = await client.workflow.start(MESSAGE_WORKFLOW, { ...options, requestEagerStart: true });
        return handle.eagerlyStarted ? 'started-eagerly' : 'started';
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      const result = await this.#deliver(routed);
      if (result !== undefined) return result;
    }
  }

  /**
   * For a message that has not moved for long in the ledger: is its workflow open? If it closed without settling, the
   * message is stranded, and that is recorded for a person to see. `run`: who holds it; undefined while nobody does, and
   * then a message without any workflow is still its broker's.
   */
  async check(messageId: string, run: string | undefined): Promise<StartResult> {
    const handle = this.#deps.client.workflow.getHandle(messageId);
    const description = await describe(handle);
    if (description === undefined && run === undefined) return 'with-broker';
    // Whatever that does, it never claims the message: it would pass for a lost delivery, and be dead-lettered again and again.
    if (description !== undefined && !this.#isOurs(description)) return this.#strand(messageId, run ?? '', description);
    if (description?.status.name === 'RUNNING') {
      return description.searchAttributes[SEARCH_ATTRIBUTES.state.name]?.[0] === 'parked' ? 'parked' : 'delivered';
    }
    if (description?.status.name === 'COMPLETED') {
      return this.#restoreSettled(handle, description);
    }
    return this.#strand(messageId, run ?? '', description);
  }

  /** Undefined: what was there a moment ago has gone, so start anew. */
  async #deliver(routed: RoutedMessage): Promise<StartResult | undefined> {
    const { client, side } = this.#deps;
    const { message } = routed;
    const handle = client.workflow.getHandle(message.messageId);
    const description = await describe(handle);
    if (description === undefined) return undefined;
    if (!this.#isOurs(description)) return 'id-taken';
    switch (description.status.name) {
      case 'RUNNING':
        try {
          await handle.signal(deliveredSignal, deliveredArgs(side, routed));
          return 'delivered';
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return undefined;
          throw error;
        }
      case 'COMPLETED':
        return this.#restoreSettled(handle, description, routed);
      default:
        return this.#strand(message.messageId, await this.#deps.readRun(description), description);
    }
  }

  #isOurs({ type, memo }: WorkflowExecutionDescription): boolean {
    return type === MESSAGE_WORKFLOW && memo?.[MIGRATION_MEMO] === this.#deps.migration;
  }

  /** A completed workflow knows the outcome; the ledger is told, in case it has lost it. */
  async #restoreSettled(
    handle: WorkflowHandle,
    description: WorkflowExecutionDescription,
    routed?: RoutedMessage,
  ): Promise<StartResult> {
    const { ledger } = this.#deps;
    const messageId = description.workflowId;
    const result: unknown = await handle.result();
    // Written by something else than handover, or by a build of another time: nobody knows the outcome.
    if (!isMessageResult(result)) return this.#strand(messageId, await this.#deps.readRun(description), description);
    const { outcome, owner, round, attempt, origin } = result;
    await ledger.settle({
      messageId,
      run: await this.#deps.readRun(description),
      origin: routed === undefined ? origin : { decision: routed.decision, fingerprint: routed.fingerprint },
      owner,
      round,
      attempt,
      outcome,
      restore: true,
    });
    await ledger.unindex(messageId);
    return 'completed';
  }

  async #strand(
    messageId: string,
    run: string,
    description: WorkflowExecutionDescription | undefined,
  ): Promise<StartResult> {
    const status = description?.status.name.toLowerCase() ?? 'not found';
    const why =
      description === undefined || this.#isOurs(description)
        ? `its workflow is ${status}, and it is not settled`
        : `another workflow (${description.type}, ${status}) goes by its ID: it was dead-lettered, or will be when it comes again`;
    await this.#deps.ledger.strand(messageId, run, why);
    return 'stranded';
  }
}

function deliveredArgs(side: Side, { receivedAt, storedBy, storedAt }: RoutedMessage): DeliveredArgs {
  return { side, receivedAt, ...(storedBy !== undefined && { storedBy }), storedAt };
}

function isMessageResult(result: unknown): result is MessageResult {
  if (typeof result !== 'object' || result === null) return false;
  const { outcome, owner, round, attempt, origin } = result as Partial<MessageResult>;
  const isCounted = Number.isSafeInteger(round) && Number.isSafeInteger(attempt);
  const isKnown = SETTLED_OUTCOMES.some((name) => name === outcome) && isSide(owner);
  return isCounted && isKnown && typeof origin?.fingerprint === 'string' && typeof origin.decision === 'object';
}

async function describe(handle: WorkflowHandle): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
