import { Command, InvalidArgumentError } from 'commander';
import { createOutput } from '../output.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover dead-letters
  $ handover dead-letters --last 20 --json

The messages themselves, with these facts as stamps, are on the topics <topic>-dead-letter of their brokers. One that its
topic did not take is the input of the workflow that is named: see it in Temporal Web UI, and terminate it when you have
dealt with it.`;

interface DeadLettersFlags extends ConnectionFlags {
  readonly last?: number;
  readonly json?: boolean;
}

export function deadLettersCommand(): Command {
  const command = new Command('dead-letters')
    .description('List what could never become a message, and why.')
    .option('--last <n>', 'only the newest (default: all that the list keeps)', readCount);
  return withConnectionFlags(command).addHelpText('after', EXAMPLES).action(deadLetters);
}

async function deadLetters(flags: DeadLettersFlags): Promise<void> {
  const { viewDeadLetter } = await import('../../operations/dead-letters.js');
  const { describeDeadLetters } = await import('../render/message.js');
  await withSession(flags, async (session) => {
    const { deadLetters } = await session.redis();
    const list = (await deadLetters.list(flags.last)).map(viewDeadLetter);
    createOutput(flags).result({ deadLetters: list }, () => describeDeadLetters(list));
  });
}

function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}
