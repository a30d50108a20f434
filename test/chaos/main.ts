import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { interruptible } from '../../src/cli/interruptible.js';
import { HandoverError, toError } from '../../src/domain/errors.js';
import { onGround } from './ground.js';
import { describeResults, writeReport } from './report.js';
import { runScenario } from './run-scenario.js';
import type { Scenario, ScenarioResult } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';

/** Of this clone, so that runs in two clones on one machine do not stop each other's stack. */
const OWN_INSTANCE = `chaos-${createHash('sha256')
  .update(import.meta.url)
  .digest('hex')
  .slice(0, 8)}`;

const HELP = `Breaks what can be broken on a stack of its own, and judges by the brokers, the provider's ledger and Temporal.

Usage: npm run chaos -- [options]

  --scenario NAME   only this one; may be repeated. Default: the short set
  --long            the long set as well
  --seed SEED       repeats a run; [a-z0-9-]
  --minutes N       the long set again and again with fresh seeds until the time is up; writes a report
  --report FILE     where to write it. Default docs/chaos-report.md
  --instance NAME   the stack's name. Default: one of this clone's own
  --keep            leave the stack up, and use it if it is up
  --json            the result as one line of JSON, the last line
  --list            what there is; NAME-inline-first is NAME with the first attempts within workflow tasks

Exit code 0: every promise held and every fault was seen; 1: not so; 2: wrong use.`;

const { values: flags } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    long: { type: 'boolean', default: false },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    report: { type: 'string', default: 'docs/chaos-report.md' },
    instance: { type: 'string', default: OWN_INSTANCE },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function choose(): readonly Scenario[] {
  const { scenario: names, long, minutes } = flags;
  if (names === undefined) return SCENARIOS.filter(({ set }) => set === 'short' || long || minutes !== undefined);
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    if (found !== undefined) return found;
    const known = SCENARIOS.map((scenario) => scenario.name).join(', ');
    throw new HandoverError('wrong-use', `There is no scenario '${name}'. There are: ${known}.`);
  });
}

function readMinutes(): number | undefined {
  if (flags.minutes === undefined) return undefined;
  const minutes = Number(flags.minutes);
  if (minutes > 0) return minutes;
  throw new HandoverError('wrong-use', '--minutes must be a number above 0.');
}

function readSeed(): string {
  const seed = flags.seed ?? randomBytes(3).toString('hex');
  if (/^[a-z0-9-]{1,40}$/.test(seed)) return seed;
  throw new HandoverError('wrong-use', '--seed must be 1 to 40 of a-z, 0-9 and -.');
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function runAll(signal: AbortSignal): Promise<readonly ScenarioResult[]> {
  const [scenarios, minutes, seed] = [choose(), readMinutes(), readSeed()];
  const results: ScenarioResult[] = [];
  const deaths: Error[] = [];
  const { instance, keep } = flags;
  say(`seed ${seed}`);
  const startedAt = performance.now();
  const minutesPassed = (): number => (performance.now() - startedAt) / 60_000;
  const onWorkerEnd = (error: Error): void => void deaths.push(error);
  await onGround({ instance, keep, say, onWorkerEnd, signal }, async (ground, traffic) => {
    for (let round = 1; round === 1 || minutesPassed() < (minutes ?? 0); round += 1) {
      for (const scenario of scenarios) {
        if (round > 1 && minutesPassed() >= (minutes ?? 0)) break;
        const isLast = scenario === scenarios.at(-1);
        const own = round === 1 ? seed : `${seed}-${round}`;
        say(`${scenario.name} (rows ${scenario.covers.join(', ')})`);
        const takeDeaths = (): readonly Error[] => deaths.splice(0);
        const result = await runScenario({ ground, traffic, scenario, seed: own, isLast, takeDeaths });
        results.push(result);
        say(describeResults([result]).join('\n'));
      }
    }
  });
  if (minutes !== undefined) {
    await writeFile(flags.report, writeReport(results, { seed, took: minutesPassed() * 60 }));
    say(`written: ${flags.report}`);
  }
  return results;
}

async function run(): Promise<number> {
  if (flags.help) say(HELP);
  else if (flags.list)
    for (const { name, set, covers } of SCENARIOS) say(`${name} (${set}): rows ${covers.join(', ')}`);
  else {
    const results = await interruptible(runAll);
    const ok = results.length > 0 && results.every((result) => result.ok);
    const lines = flags.json ? [JSON.stringify({ scenarios: results, ok })] : describeResults(results);
    process.stdout.write(`${lines.join('\n')}\n`);
    return ok ? 0 : 1;
  }
  return 0;
}

// Histories are replayed in this process. Its signals stay with the run, which has services to stop.
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
process.exitCode = await run().catch((error: unknown) => {
  const { message } = toError(error);
  say(error instanceof HandoverError && error.hint !== undefined ? `${message}\n${error.hint}` : message);
  return error instanceof HandoverError && error.code === 'wrong-use' ? 2 : 1;
});
