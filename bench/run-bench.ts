import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Attempts, type Skipped } from './attempts.js';
import { chooseContenders } from './contenders/choose.js';
import type { BenchFlags } from './flags.js';
import { onGround } from './ground/ground.js';
import { type Measured, measureParts } from './parts.js';

export interface BenchReport extends Measured {
  /** What could not be measured, or not to its end, and why. */
  readonly skipped: readonly Skipped[];
  /** Those of them that are handover's own. Empty, or the run has failed. */
  readonly failed: readonly string[];
  readonly temporal: BenchFlags['temporal'];
  readonly seconds: number;
}

/**
 * Runs what the flags ask for. `say`: progress, for people.
 * @throws HandoverError where nothing can be measured at all: a server that all contenders need is not to be had
 */
export async function runBench(
  flags: BenchFlags,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<BenchReport> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'handover-bench-'));
  try {
    const { chosen, skipped } = await chooseContenders(flags.contenders, folder);
    const { instance, temporal } = flags;
    const options = { instance, temporal, wantsPostgres: chosen.has('dbos'), say, signal };
    return await onGround(options, async (ground) => {
      const attempts = new Attempts(ground.signal, say, skipped);
      const measured = await measureParts(ground, chosen, flags, attempts);
      const seconds = (performance.now() - startedAt) / 1_000;
      return { ...measured, skipped: attempts.skipped, failed: attempts.failed, temporal, seconds };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** 0 where all that is handover's own was measured, and every message was rewarded exactly once. */
export function exitCodeOf({ broken, failed }: Pick<BenchReport, 'broken' | 'failed'>): 0 | 1 {
  return broken.length === 0 && failed.length === 0 ? 0 : 1;
}
