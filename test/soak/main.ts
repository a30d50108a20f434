import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { interruptible } from '../../src/cli/interruptible.js';
import { renderTable } from '../../src/cli/output.js';
import { HandoverError, toError } from '../../src/domain/errors.js';
import { SIDES } from '../../src/domain/side.js';
import { onGround } from '../chaos/ground.js';
import { Rig } from '../chaos/rig.js';
import type { Traffic } from '../chaos/traffic/traffic.js';
import { type Growth, growthOf, type Sample } from './growth.js';

const HELP = `Runs both sides' workers under a steady load, and tells whether their memory or their handles grow.

Usage: npm run soak -- [options]

  --minutes N    for how long. Default 30
  --rate N       messages a second, each published to both brokers. Default 10
  --json         the result as one line of JSON, the last line

The heap is measured after a forced collection, in all threads, every 20 s. What counts is the slope by least squares
after the first 5 minutes (a fifth of a run that is shorter than 25 minutes): less than 1 % in 10 minutes for heap and handles.
Exit code 0: it is; 1: it is not, or a message was not rewarded; 2: wrong use.`;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const INSTANCE = `soak-${createHash('sha256')
  .update(import.meta.url)
  .digest('hex')
  .slice(0, 8)}`;
const PROBE = new URL('probe.mjs', import.meta.url).href;
/** Collecting the garbage of every thread takes a processor for a second or two where it is shared. */
const SAMPLE_EVERY_MS = 20_000;
/** How many of them until one is told. */
const SAMPLES_TOLD = 3;
const WARM_UP_MS = 5 * 60_000;
const MOST_GROWTH = 0.01;
const SETTLES_WITHIN_MS = 60_000;

interface Grown extends Growth {
  readonly worker: string;
}

interface Soaked {
  readonly published: number;
  readonly rewarded: number;
  readonly grown: readonly Grown[];
}

function positive(name: 'minutes' | 'rate'): number {
  const value = Number(flags[name]);
  if (value > 0) return value;
  throw new HandoverError('wrong-use', `--${name} must be a number above 0.`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Publishes at the rate until the time is up. What a slow broker keeps back is published late, never left out. */
async function publish(traffic: Traffic, until: number, rate: number, signal: AbortSignal) {
  const stream = traffic.stream(`soak-${Date.now().toString(36)}`);
  const startedAt = performance.now();
  for (let sent = 0; performance.now() < until; sent += 1) {
    const dueAt = startedAt + (sent * 1_000) / rate;
    await pause(Math.max(0, dueAt - performance.now()), undefined, { signal });
    await stream.sendNew(1);
  }
  return stream.published;
}

async function soak(signal: AbortSignal): Promise<Soaked> {
  const [minutes, rate] = [positive('minutes'), positive('rate')];
  const runMs = minutes * 60_000;
  const onWorkerEnd = (error: Error): void => say(`a worker ended by itself: ${error.message}`);
  return onGround({ instance: INSTANCE, keep: false, say, onWorkerEnd, signal }, async (ground, traffic) => {
    const { workers, folder, ledger } = ground;
    const probes = new Map(SIDES.map((side) => [side, join(folder, `probe-${side}.jsonl`)] as const));
    const started = await Promise.all(
      SIDES.map((side) => {
        const SOAK_PROBE_FILE = probes.get(side) ?? '';
        return workers.start(side, { modules: [PROBE], environment: { SOAK_PROBE_FILE } });
      }),
    );
    const rig = new Rig(ground, traffic.stream('unused'), Math.random);
    await rig.makeWhole();
    say(`${minutes} minutes at ${rate} messages a second`);
    const until = performance.now() + runMs;
    const sample = async (): Promise<void> => {
      for (let tick = 1; performance.now() < until; tick += 1) {
        await pause(SAMPLE_EVERY_MS, undefined, { signal });
        for (const { child } of started) process.kill(child.identity.pid, 'SIGUSR2');
        const told = SIDES.map((side) => lastOf(side, samplesIn(probes.get(side)))).join('; ');
        if (tick % SAMPLES_TOLD === 0) say(`${Math.round((tick * SAMPLE_EVERY_MS) / 60_000)} min: ${told}`);
      }
    };
    // Both together: an interruption that ends one alone would leave the other's unheard, which ends the process as it is.
    const [published] = await Promise.all([publish(traffic, until, rate, signal), sample()]);
    const countRewarded = async (): Promise<number> =>
      (await ledger.states(published)).filter((state) => state === 'settled').length;
    await rig
      .until(async () => (await countRewarded()) === published.length, 'everything is rewarded', SETTLES_WITHIN_MS)
      .catch((error: unknown) => say(toError(error).message));
    const grown = SIDES.map((worker): Grown => {
      const growth = growthOf(samplesIn(probes.get(worker)), Math.min(WARM_UP_MS, runMs / 5));
      if (growth === undefined) throw new Error(`the ${worker} worker was not measured often enough`);
      return { worker, ...growth };
    });
    return { published: published.length, rewarded: await countRewarded(), grown };
  });
}

function samplesIn(file: string | undefined): readonly Sample[] {
  if (file === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Sample);
}

function lastOf(side: string, samples: readonly Sample[]): string {
  const last = samples.at(-1);
  return last === undefined ? `${side} -` : `${side} ${(last.heap / 1e6).toFixed(1)} MB, ${last.handles} handles`;
}

async function run(): Promise<number> {
  if (flags.help) {
    say(HELP);
    return 0;
  }
  const soaked = await interruptible(soak);
  const { published, rewarded, grown } = soaked;
  const ok = rewarded === published && grown.every(({ heap, handles }) => heap < MOST_GROWTH && handles < MOST_GROWTH);
  const percent = (part: number): string => `${(part * 100).toFixed(2)} %`;
  const rows = grown.map(({ worker, samples, heap, handles }) => [
    worker,
    String(samples),
    percent(heap),
    percent(handles),
  ]);
  const table = renderTable(['WORKER', 'SAMPLES', 'HEAP IN 10 MIN', 'HANDLES IN 10 MIN'], rows);
  const lines = flags.json
    ? [JSON.stringify({ ...soaked, ok })]
    : [...table, '', `${rewarded} of ${published} rewarded`];
  process.stdout.write(`${lines.join('\n')}\n`);
  return ok ? 0 : 1;
}

process.exitCode = await run().catch((error: unknown) => {
  say(toError(error).message);
  return error instanceof HandoverError && error.code === 'wrong-use' ? 2 : 1;
});
