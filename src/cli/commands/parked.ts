import { Command } from 'commander';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../connections.js';
import { createOutput } from '../output.js';

const EXAMPLES = `
Examples:
  $ handover parked
  $ handover parked --json

A parked message has an unknown outcome: it is never sent again by itself. Answer it with 'handover resolve'.`;

interface ParkedFlags extends ConnectionFlags {
  readonly json?: boolean;
}

export function parkedCommand(): Command {
  const command = new Command('parked').description('List every message whose outcome a person has to find out.');
  return withConnectionFlags(command).addHelpText('after', EXAMPLES).action(parked);
}

async function parked(flags: ParkedFlags): Promise<void> {
  const { describeParked, listParked, viewParked } = await import('../list-parked.js');
  await withSession(flags, async (session) => {
    const { ledger } = await session.redis();
    const list = await listParked(ledger);
    createOutput(flags).result({ parked: list.map(viewParked) }, () => describeParked(list, session.workflowUrl));
  });
}
