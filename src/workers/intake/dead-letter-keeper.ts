import { createHash } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { DEAD_LETTER_STAMPS, deadLetterRecord, type RecordLimits } from '../../brokers/dead-letter-record.js';
import type { Delivery } from '../../brokers/source.js';
import type { DeadLetterReason } from '../../domain/message/message.js';
import { refusesThisMessage } from '../../domain/message/start-refusal.js';
import type { DeadLetterKeeper, KeptFacts } from '../../intake/set-aside.js';
import { MIGRATION_MEMO } from '../../intake/start-options.js';
import { readTemporalFault } from '../../intake/temporal-fault.js';
import { SEARCH_ATTRIBUTES, SET_ASIDE_WORKFLOW, setAsideTaskQueue, setAsideWorkflowId } from '../../workflows/names.js';

/** What a workflow's input may hold. Temporal refuses 2 MiB; the properties and the key travel with the body. */
const WHOLE: RecordLimits = { properties: 1_000, propertyBytes: 128 << 10, bodyBytes: 1_800_000, strict: false };
/** What any server takes. */
const LEAST: RecordLimits = {
  properties: 16,
  propertyBytes: 4 << 10,
  bodyBytes: 64 << 10,
  strict: false,
  stampsOnly: true,
};

/** What the workflow of a dead letter was started with, besides the body. */
export interface KeptDeadLetter {
  readonly migration: string;
  readonly reason: DeadLetterReason;
  /** Coordinates of the delivery on its broker. */
  readonly source: string;
  /** Why the dead-letter topic does not have it. */
  readonly why: string;
  /** Those of the delivery, and the stamps of a dead letter. */
  readonly properties: Readonly<Record<string, string>>;
  readonly key?: string;
  /** The body is null; the second argument then is empty. */
  readonly nullBody?: true;
}

/**
 * Keeps each dead letter as the input of an open workflow, which nobody works on: it needs no worker of any build, and
 * Temporal's retention does not count for it until a person has dealt with it and ends it.
 */
export function createDeadLetterKeeper(client: Pick<Client, 'workflow'>, migration: string): DeadLetterKeeper {
  async function start(
    delivery: Delivery,
    reason: DeadLetterReason,
    { why, detail }: KeptFacts,
    limits: RecordLimits,
  ): Promise<string> {
    const { coordinates: source, topic } = delivery;
    const { body, properties, key } = deadLetterRecord(delivery, { reason, detail, time: new Date(), topic }, limits);
    const kept: KeptDeadLetter = {
      migration,
      reason,
      source,
      why,
      properties: Object.fromEntries(properties),
      ...(key !== undefined && { key }),
      ...(body === null && { nullBody: true }),
    };
    const workflowId = setAsideWorkflowId(migration, identityOf(delivery, reason));
    try {
      await client.workflow.start(SET_ASIDE_WORKFLOW, {
        workflowId,
        taskQueue: setAsideTaskQueue(migration),
        args: [kept, new Uint8Array(body ?? [])],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        memo: { [MIGRATION_MEMO]: migration },
        typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.migration, value: migration }],
        staticSummary: `${reason}: ${source}`,
        staticDetails: [
          'A dead letter that its topic does not take. Nobody works on it: it is kept here, as the input of this workflow, until you end it.',
          `- why not on the topic: ${why}`,
          `- delivery: \`${source}\`, ${describeBody(properties, body)}`,
          '- when you have dealt with it: `temporal workflow terminate`',
        ].join('\n'),
      });
    } catch (error) {
      // Kept before, by a worker that was killed before it could acknowledge the delivery.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    return workflowId;
  }

  return {
    async keep(delivery, reason, facts) {
      try {
        return await start(delivery, reason, facts, WHOLE);
      } catch (error) {
        if (!refusesThisMessage(readTemporalFault(error))) throw error;
        return await start(delivery, reason, facts, LEAST);
      }
    },
  };
}

/** Not the coordinates alone: in a topic that was made anew they come again, for another record. */
function identityOf({ coordinates, storedAt, body }: Delivery, reason: DeadLetterReason): string {
  const hash = createHash('sha256').update(`${reason}\n${coordinates}\n${storedAt}\n`);
  return hash
    .update(body ?? '')
    .digest('hex')
    .slice(0, 32);
}

function describeBody(properties: ReadonlyMap<string, string>, body: Buffer | null): string {
  const whole = properties.get(DEAD_LETTER_STAMPS.truncated);
  const bytes = `${body?.length ?? 0} bytes of its body`;
  return whole === undefined ? bytes : `the first ${bytes}, which has ${whole}`;
}
