#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { keepLoopbackDirect } from '../domain/loopback.js';
import { outliveReaders } from './closed-pipe.js';
import { deadLettersCommand } from './commands/dead-letters.js';
import { demoCommand } from './commands/demo.js';
import { downCommand } from './commands/down.js';
import { inspectCommand } from './commands/inspect.js';
import { parkedCommand } from './commands/parked.js';
import { policyCommand } from './commands/policy.js';
import { publishCommand } from './commands/publish.js';
import { resolveCommand } from './commands/resolve.js';
import { resumeCommand } from './commands/resume.js';
import { simulatorCommand } from './commands/simulator.js';
import { statusCommand } from './commands/status.js';
import { upCommand } from './commands/up.js';
import { workerCommand } from './commands/worker.js';
import { endProcess } from './end-process.js';
import { describeError, exitCodeOf } from './output.js';

const EXAMPLES = `
Examples:
  $ handover up                              start Temporal, Kafka, RocketMQ and Redis on this machine
  $ handover demo                            watch a whole cutover on them
  $ handover worker --side rocketmq          consume and reward on the new side
  $ handover policy percentage 10            cut a tenth of the messages over
  $ handover status                          who owns how much, and what is parked
  $ handover down                            stop what up has started

Exit codes: 0 it worked, 1 it failed, 2 it was used wrongly.`;

/** Every command, in the order in which `--help` lists them. A new one is a file in commands/ and a line here. */
const COMMANDS: readonly (() => Command)[] = [
  upCommand,
  downCommand,
  demoCommand,
  workerCommand,
  policyCommand,
  publishCommand,
  statusCommand,
  inspectCommand,
  parkedCommand,
  resolveCommand,
  resumeCommand,
  deadLettersCommand,
  simulatorCommand,
];

/** Runs one command line (without node and script) and answers the exit code. Never throws. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command('handover')
    .description('Moves live message consumption from Kafka to RocketMQ; every message is rewarded once, by one side.')
    .version(await readVersion())
    .addHelpText('after', EXAMPLES);
  for (const command of COMMANDS) program.addCommand(command());
  throwInsteadOfExiting(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has already printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${describeError(error).join('\n')}\n`);
    return exitCodeOf(error);
  }
}

/** Commands made elsewhere do not inherit this setting when they are added, so it is set on the whole tree. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExiting(child);
}

async function readVersion(): Promise<string> {
  const { version }: { version: string } = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return version;
}

// npx runs this file through a link.
const started = process.argv[1];
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) {
  // Temporal and RocketMQ of a local stack are reached by gRPC, also by the commands that are started from here.
  keepLoopbackDirect(process.env);
  outliveReaders([process.stdout, process.stderr]);
  endProcess(await run(process.argv.slice(2)));
}
