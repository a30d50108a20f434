import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { HandoverError } from '../../domain/errors.js';
import type { Resolution, SettledOutcome } from '../../domain/reward/outcome.js';
import type { Ledger } from '../../ledger/ledger.js';
import { resolveUpdate } from '../../workflows/message/contract.js';
import { readRecord } from '../inspect.js';
import { sendUpdate } from '../send-update.js';
import type { Operator } from '../session.js';

export interface Answer {
  readonly messageId: string;
  readonly resolution: Resolution;
  readonly person: Operator;
  /** Default: the round in which the ledger shows it parked. */
  readonly round?: number;
  /** Resend although the last request may still take effect. */
  readonly force?: boolean;
  /** When the person, or the provider, saw what it rests on (Redis time, ms). Default: now. */
  readonly givenAt?: number;
}

/** What `resolve --json` promises. */
export interface Resolved {
  readonly messageId: string;
  readonly round: number;
  readonly resolution: Resolution;
  /** What the ledger holds, where that is another outcome than was told: see {@link contradictionIn}. */
  readonly outcome?: SettledOutcome;
}

/** Why an answer came too late, as the message had been settled otherwise a moment before; undefined if it did not. */
export function contradictionIn({ resolution, outcome }: Pick<Resolved, 'resolution' | 'outcome'>): string | undefined {
  if (resolution === 'resend' || outcome === undefined) return undefined;
  return `it had been settled as ${outcome} before, which stands: look into it, one of the two is wrong`;
}

/**
 * Answers a parked message.
 * @throws HandoverError `message-unknown`, `resolution-refused`, `no-worker` or `temporal-unavailable`
 */
export async function resolveMessage(
  { client, ledger }: { readonly client: Client; readonly ledger: Pick<Ledger, 'read' | 'now'> },
  { messageId, resolution, person, round: wanted, force = false, givenAt: seen }: Answer,
): Promise<Resolved> {
  const round = wanted ?? (await parkedRound(ledger, messageId));
  const givenAt = seen ?? (await ledger.now());
  const handle = client.workflow.getHandle(messageId);
  const { outcome } = await sendUpdate({
    client,
    async send(updateId) {
      try {
        const args = { round, resolution, ...person, givenAt, ...(force && { force }) };
        return await handle.startUpdate(resolveUpdate, { args: [args], updateId, waitForStage: 'ACCEPTED' });
      } catch (cause) {
        if (!(cause instanceof WorkflowNotFoundError)) throw cause;
        throw refusal(messageId, 'no open workflow has it', {
          cause,
          hint: `See 'handover inspect ${messageId}'. If it is stranded: handover resume ${messageId} --reason "..."`,
        });
      }
    },
    refused: (_, reason, cause) => refusal(messageId, reason.replace(/^refused: /, ''), { cause }),
    unanswered: (_, cause) =>
      new HandoverError('no-worker', `No worker has carried out the answer to message ${messageId} in time.`, {
        cause,
        messageId,
        hint: `It is still with Temporal, and a worker may take it later. Look at 'handover inspect ${messageId}' before you answer again.`,
      }),
  });
  return { messageId, round, resolution, ...(outcome !== undefined && { outcome }) };
}

async function parkedRound(ledger: Pick<Ledger, 'read'>, messageId: string): Promise<number> {
  const { state, round, outcome } = await readRecord(ledger, messageId);
  if (state === 'parked') return round;
  throw refusal(messageId, `it is not parked but ${state}${outcome === undefined ? '' : `: ${outcome}`}`);
}

function refusal(
  messageId: string,
  why: string,
  options: { readonly cause?: unknown; readonly hint?: string } = {},
): HandoverError {
  return new HandoverError('resolution-refused', `Message ${messageId} was not resolved: ${why}.`, {
    messageId,
    ...options,
  });
}
