import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import pLimit from 'p-limit';
import type { Ledger } from '../../src/ledger/ledger.js';
import { listParked } from '../../src/operations/parked/list-parked.js';
import type { MessageResult } from '../../src/workflows/message/contract.js';
import type { End } from './verdict/verdict.js';

/** Questions to Temporal at a time: the server shares the machine with what is judged. */
const AT_A_TIME = 8;

/** What Temporal has of each message; one that is parked or stranded counts only if people are shown it. */
export async function readEnds(
  client: Client,
  ledger: Pick<Ledger, 'read' | 'unsettled'>,
  messageIds: readonly string[],
): Promise<ReadonlyMap<string, End>> {
  const parked = new Set((await listParked(ledger)).map(({ messageId }) => messageId));
  const limit = pLimit(AT_A_TIME);
  const ends = await Promise.all(messageIds.map((messageId) => limit(() => endOf(client, ledger, messageId, parked))));
  return new Map(
    messageIds.flatMap((messageId, index) => {
      const end = ends[index];
      return end === undefined ? [] : [[messageId, end] as const];
    }),
  );
}

async function endOf(
  client: Client,
  ledger: Pick<Ledger, 'read'>,
  messageId: string,
  shownAsParked: ReadonlySet<string>,
): Promise<End | undefined> {
  const handle = client.workflow.getHandle(messageId);
  const description = await handle.describe().catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  switch (description?.status.name) {
    case undefined:
      return undefined;
    case 'COMPLETED': {
      const { outcome } = (await handle.result()) as MessageResult;
      return outcome === 'abandoned' ? 'parked' : outcome;
    }
    case 'RUNNING': {
      const [state] = description.searchAttributes['HandoverState'] ?? [];
      return state === 'parked' && shownAsParked.has(messageId) ? 'parked' : undefined;
    }
    default:
      return (await ledger.read(messageId))?.stranded === undefined ? undefined : 'stranded';
  }
}
