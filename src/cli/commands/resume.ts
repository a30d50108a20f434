import { Command } from 'commander';
import { type OperatorFlags, operatorOf, withOperatorFlags } from '../operator.js';
import { createOutput } from '../output.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover resume order-4711 --reason "its workflow was terminated by mistake"

For a message that 'handover status' counts as stranded: its workflow was closed before it settled. The new run sends
nothing of which the old one may have sent something: it asks the provider's lookup, or parks.`;

interface ResumeFlags extends ConnectionFlags, OperatorFlags {
  readonly json?: boolean;
}

export function resumeCommand(): Command {
  const command = new Command('resume')
    .description('Start a new workflow run for a message whose run was closed before it settled.')
    .argument('<messageId>');
  return withConnectionFlags(withOperatorFlags(command, { reasonRequired: true }))
    .addHelpText('after', EXAMPLES)
    .action(resume);
}

async function resume(messageId: string, flags: ResumeFlags): Promise<void> {
  const { resumeMessage } = await import('../../operations/resume/resume-message.js');
  await withSession(flags, async (session) => {
    const [{ ledger, audit }, client] = await Promise.all([session.redis(), session.temporal()]);
    const parts = { client, ledger, audit, migration: session.migration.name };
    const resumed = await resumeMessage(parts, messageId, operatorOf(flags));
    createOutput(flags).result(resumed, ({ run, attempted }) => [
      `Message ${messageId} goes on in run ${run}.`,
      attempted
        ? 'Something may have been sent before: it is looked up, or parked for you to answer.'
        : 'Nothing was ever sent for it: it goes the ordinary way.',
      ...[session.workflowUrl(messageId)].filter((url) => url !== undefined),
    ]);
  });
}
