import { Command } from 'commander';
import { createOutput } from '../output.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover inspect 0190a1b2-6c1e-7f00-8a55-0242ac120002
  $ handover inspect order-4711 --json

Exit code 1 if the ledger has no record of it.`;

interface InspectFlags extends ConnectionFlags {
  readonly json?: boolean;
}

export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('Show what the ledger knows of one message: its owner and why, its state, its outcome.')
    .argument('<messageId>');
  return withConnectionFlags(command).addHelpText('after', EXAMPLES).action(inspect);
}

async function inspect(messageId: string, flags: InspectFlags): Promise<void> {
  const { readRecord, viewRecord } = await import('../../operations/inspect.js');
  const { describeRecord } = await import('../render/message.js');
  await withSession(flags, async (session) => {
    const { ledger } = await session.redis();
    const record = await readRecord(ledger, messageId);
    createOutput(flags).result(viewRecord(record), () => describeRecord(record, session.workflowUrl(messageId)));
  });
}
