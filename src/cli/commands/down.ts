import { Command } from 'commander';
import { DEFAULT_INSTANCE } from '../../local/stack/folders.js';
import { createOutput } from '../output.js';

const EXAMPLES = `
Examples:
  $ handover down
  $ handover down --instance second`;

interface DownFlags {
  readonly instance: string;
  readonly json?: boolean;
}

export function downCommand(): Command {
  return new Command('down')
    .description("Stop what 'handover up' has started, from whichever clone, and nothing else.")
    .option('--instance <name>', 'which stack', DEFAULT_INSTANCE)
    .option('--json', 'print what was stopped as JSON')
    .addHelpText('after', EXAMPLES)
    .action(down);
}

async function down(flags: DownFlags): Promise<void> {
  const output = createOutput(flags);
  const progress = output.progress();
  const { stopStack } = await import('../../local/stack/stop-stack.js');
  const result = await stopStack(flags.instance, progress.set);
  progress.end();
  output.result(result, ({ instance, stopped, kept }) => {
    if (stopped.length === 0) return [`Nothing of '${instance}' was running.`];
    return [kept ? `Stopped; data is kept for the next 'up --persist'.` : 'Stopped, and its data is wiped.'];
  });
}
