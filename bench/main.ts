import { interruptible } from '../src/cli/interruptible.js';
import { HandoverError, toError } from '../src/domain/errors.js';
import { HELP, readFlags } from './flags.js';
import { describeReport } from './report.js';
import { exitCodeOf, runBench } from './run-bench.js';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function run(): Promise<number> {
  const flags = readFlags(process.argv.slice(2));
  if (flags === undefined) {
    say(HELP);
    return 0;
  }
  const report = await interruptible((signal) => runBench(flags, say, signal));
  const lines = describeReport(report);
  for (const line of lines) (flags.json ? process.stderr : process.stdout).write(`${line}\n`);
  if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  return exitCodeOf(report);
}

process.exitCode = await run().catch((error: unknown) => {
  const { message } = toError(error);
  say(error instanceof HandoverError && error.hint !== undefined ? `${message}\n${error.hint}` : message);
  return error instanceof HandoverError && error.code === 'wrong-use' ? 2 : 1;
});
