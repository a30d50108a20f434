import { Command } from 'commander';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../connections.js';
import { createOutput } from '../output.js';
import { type ParkedFilter, selectParked, withParkedFilter } from '../parked-filter.js';

const EXAMPLES = `
Examples:
  $ handover parked
  $ handover parked --owner rocketmq --older-than 10m
  $ handover parked --phase answered --status 502 --json

A parked message has an unknown outcome: it is never sent again by itself. Answer it with 'handover resolve'. Phase:
not-sent, nothing reached the provider; sent, no answer came; answered, an answer came that settles nothing.`;

interface ParkedFlags extends ConnectionFlags, ParkedFilter {
  readonly json?: boolean;
}

export function parkedCommand(): Command {
  const command = new Command('parked').description('List the messages whose outcome a person has to find out.');
  return withConnectionFlags(withParkedFilter(command)).addHelpText('after', EXAMPLES).action(parked);
}

async function parked(flags: ParkedFlags): Promise<void> {
  const { describeParked, listParked, viewParked } = await import('../list-parked.js');
  await withSession(flags, async ({ redis, migration, workflowUrl }) => {
    const { ledger } = await redis();
    const [records, now] = await Promise.all([listParked(ledger), ledger.now()]);
    const { settlesWithinMs } = migration;
    const list = selectParked(records, flags, now).map((record) =>
      viewParked(record, { now, settlesWithinMs, workflowUrl }),
    );
    createOutput(flags).result({ parked: list }, () => describeParked(list, now));
  });
}
