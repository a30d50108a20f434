import { Command, InvalidArgumentError } from 'commander';
import { HandoverError } from '../../domain/errors.js';
import type { DemoOptions, DemoResult } from '../../local/demo/run-demo.js';
import { DEFAULT_INSTANCE } from '../../local/stack/folders.js';
import { interruptible } from '../interruptible.js';
import { createOutput } from '../output.js';
import { withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover demo                             about two minutes
  $ handover demo --messages 400              a shorter one
  $ handover demo --keep                      then look around: handover status, parked, inspect ID
  $ handover demo --instance second --json    on a stack of its own; the report is the last line

Brings up the local stack if it does not run, starts a simulated provider and two workers for each side, and publishes
to both brokers while the percentage goes 0, 10, 50, 100. Of the messages 3 % are sent twice, 1 % reach one broker only
and 1 % are poison (repeats come on top of --messages, poison is part of it). Of the provider's calls 5 % end with a 429
or 503, 1 % with a refusal, and 0.5 % are granted and never answered. A worker of each side is killed with SIGKILL on the
way, and started again. Temporal keeps its workflows in memory unless the stack was started by 'handover up --persist'.

Exits with 1 if a promise is broken.`;

interface DemoFlags {
  readonly instance: string;
  readonly config?: string;
  readonly messages: number;
  readonly rate: number;
  readonly seed: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

type Work = Parameters<DemoOptions['openSession']>[0];

/** One message for each phase. */
const FEWEST_MESSAGES = 4;

export function demoCommand(): Command {
  return new Command('demo')
    .description('Watch a whole cutover with faults on the local stack, and have it judged by the provider itself.')
    .option('--messages <n>', 'how many messages to publish', readMessages, 2_000)
    .option('--rate <n>', 'how many of them a second, at most', readRate, 25)
    .option('--seed <text>', 'the same seed draws the same faults into the stream', '1')
    .option('--keep', 'leave stack, workers and provider running')
    .option('--instance <name>', 'which local stack', DEFAULT_INSTANCE)
    .option('--config <file>', 'the migration, else ./handover.config.ts, else the defaults; its provider is not asked')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action(demo);
}

async function demo(flags: DemoFlags): Promise<void> {
  const { instance, config, messages, rate, seed, keep = false } = flags;
  const output = createOutput(flags);
  const redraws = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  const openSession = (work: Work): ReturnType<Work> => withSession(flags, work);
  const result = await interruptible(async (signal) => {
    const [{ runDemo }, { sendPolicyChange }] = await Promise.all([
      import('../../local/demo/run-demo.js'),
      import('../../operations/policy/send-policy-change.js'),
    ]);
    const cli = { output, redraws, sendPolicyChange, openSession };
    return runDemo({ instance, config, messages, rate, seed, keep, ...cli, signal });
  });
  const [{ describeReport }, { describeLinks }] = await Promise.all([
    import('../../local/demo/verdict/report.js'),
    import('../../local/demo/watch/live-view.js'),
  ]);
  const { report, evidence, broken } = result;
  for (const line of describeWhatRuns(result, describeLinks(result.stack.temporal))) output.say(line);
  output.result(report, () => describeReport(report, evidence));
  if (broken.length === 0) return;
  const list = broken.map((sentence) => `\n  - ${sentence}`).join('');
  throw new HandoverError('promise-broken', `The demo broke a promise:${list}`, {
    hint: `The logs are in ${result.folder}`,
  });
}

function describeWhatRuns({ stack, stackRuns, pids }: DemoResult, links: readonly string[]): readonly string[] {
  if (!stackRuns) return [];
  const flag = stack.instance === DEFAULT_INSTANCE ? '' : ` --instance ${stack.instance}`;
  const kept = [
    `Provider and workers: processes ${pids.join(', ')}`,
    `Look around with: handover status${flag}, handover parked${flag}`,
  ];
  return [
    pids.length === 0 ? 'The stack, which was up before, runs on:' : 'Everything runs on:',
    ...links,
    ...(pids.length === 0 ? [] : kept),
    `Stop it with: handover down${flag}`,
  ];
}

function readMessages(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number < FEWEST_MESSAGES) throw new InvalidArgumentError(`It must be a whole number from ${FEWEST_MESSAGES} on.`);
  return number;
}

function readRate(text: string): number {
  const number = /^\d{1,4}(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (number <= 0) throw new InvalidArgumentError('It must be a number of messages a second, above 0.');
  return number;
}
