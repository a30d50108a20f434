import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { toError } from '../../../../src/domain/errors.js';
import { SIDES } from '../../../../src/domain/side.js';
import type { Scenario } from '../../scenario.js';
import type { Worker } from '../../workers.js';

const EXHAUSTED = 'a worker can open no more files or connections';

/** An idle connection to the provider is closed after 1 s, so the next call needs another. */
const IDLE_MS = 2_500;
const USUAL_LIMIT = 65_536;

/**
 * Without a file descriptor to spare no call can be made: surely not executed, and tried again until one is free. Where Node
 * itself needs one it ends the process, which is as good as any crash: the broker still has what was not accepted.
 */
export const noMoreFiles: Scenario = {
  name: 'no-more-files',
  promises: ['P1', 'P2', 'P3'],
  covers: [33],
  faults: [EXHAUSTED],
  leastGranted: 20,
  set: 'long',
  mayEndWorkers: true,
  async drive(rig) {
    const { workers, provider } = rig.ground;
    const all = SIDES.map((side) => workers.only(side));
    await rig.pause(IDLE_MS);
    for (const worker of all) await limitFiles(worker, (await countFiles(worker)) + 1);
    const ids = await rig.stream.sendNew(10);
    await rig.pause(4_000);
    const asked = new Set(provider.callsFor(ids).map(({ messageId }) => messageId)).size;
    for (const worker of all) await limitFiles(worker, USUAL_LIMIT);
    rig.fired(EXHAUSTED, ids.length - asked);
    await rig.stream.sendNew(10);
  },
};

async function countFiles({ child }: Worker): Promise<number> {
  return (await readdir(`/proc/${child.identity.pid}/fd`)).length;
}

/** The soft limit, which can be raised again; nothing is done to a worker that has ended. */
async function limitFiles({ child }: Worker, files: number): Promise<void> {
  try {
    await promisify(execFile)('prlimit', ['--pid', String(child.identity.pid), `--nofile=${files}:`]);
  } catch (error) {
    if (!toError(error).message.includes('No such process')) throw error;
  }
}
