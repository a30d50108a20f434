import { Command } from 'commander';
import { HandoverError } from '../../domain/errors.js';
import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { StrandedView } from '../../operations/parked/list-parked.js';
import { type ParkedFilter, selectParked } from '../../operations/parked/parked-filter.js';
import { createOutput } from '../output.js';
import { withParkedFilter } from '../parked-filter.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover parked
  $ handover parked --owner rocketmq --older-than 10m
  $ handover parked --phase answered --status 502 --json

A parked message has an unknown outcome: it is never sent again by itself. Answer it with 'handover resolve'. Phase:
not-sent, nothing reached the provider; sent, no answer came; answered, an answer came that settles nothing.
Stranded messages, which no workflow has any more, follow below, each with why: no filter leaves any of them out.`;

interface ParkedFlags extends ConnectionFlags, ParkedFilter {
  readonly json?: boolean;
}

export function parkedCommand(): Command {
  const command = new Command('parked').description('List the messages whose outcome a person has to find out.');
  return withConnectionFlags(withParkedFilter(command)).addHelpText('after', EXAMPLES).action(parked);
}

async function parked(flags: ParkedFlags): Promise<void> {
  const { listParked, viewParked, viewStranded } = await import('../../operations/parked/list-parked.js');
  const { describeParked, describeStranded, describeUnreadable } = await import('../render/parked.js');
  await withSession(flags, async ({ redis, migration, workflowUrl }) => {
    const { ledger } = await redis();
    const unreadable: { readonly messageId: string; readonly why: string }[] = [];
    const onUnreadable = ({ messageId, why }: { messageId: string; why: string }) =>
      unreadable.push({ messageId, why });
    const stranded: StrandedView[] = [];
    const onStranded = (record: LedgerRecord) => void stranded.push(viewStranded(record));
    const [records, now] = await Promise.all([listParked(ledger, onUnreadable, onStranded), ledger.now()]);
    const { settlesWithinMs } = migration;
    const list = selectParked(records, flags, now).map((record) =>
      viewParked(record, { now, settlesWithinMs, workflowUrl }),
    );
    const faults = { ...(stranded.length > 0 && { stranded }), ...(unreadable.length > 0 && { unreadable }) };
    createOutput(flags).result({ parked: list, ...faults }, () => [
      ...describeParked(list, now),
      ...describeStranded(stranded),
      ...unreadable.map(describeUnreadable),
    ]);
    if (unreadable.length > 0) {
      throw new HandoverError(
        'ledger-rejected',
        `${unreadable.length} records cannot be read, all others are listed.`,
        {
          hint: "See each with 'handover inspect'. Another program may have written to its key, or a newer handover has.",
        },
      );
    }
  });
}
