import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instanceFolder } from '../folders.js';
import { isAlive, type ProcessIdentity } from './process-identity.js';
import { stopProcess } from './processes.js';

/**
 * Notes a program that works on a stack and is to end with it, so that `down` ends it first, whatever became of its
 * parent. Synchronous, so that nothing can come between the start of a process and the writing down of its pid.
 */
export function addCompanion(instance: string, identity: ProcessIdentity): void {
  mkdirSync(companionsFolder(instance), { recursive: true });
  const path = companionPath(instance, identity);
  // Whoever reads meanwhile sees no half of it.
  writeFileSync(`${path}.new`, JSON.stringify(identity));
  renameSync(`${path}.new`, path);
}

/** Forgets a companion that has ended. */
export function removeCompanion(instance: string, identity: ProcessIdentity): void {
  rmSync(companionPath(instance, identity), { force: true });
}

/** The companions of a stack that still run. */
function listCompanions(instance: string): readonly ProcessIdentity[] {
  return readIdentities(companionsFolder(instance)).filter(isAlive);
}

/**
 * Ends all companions of a stack, and waits until they are gone. Answers how many there were.
 * @throws HandoverError `stack-failed` if one cannot be ended
 */
export async function stopCompanions(instance: string): Promise<number> {
  const alive = listCompanions(instance);
  await Promise.all(alive.map((one) => stopProcess(one, 'orderly')));
  rmSync(companionsFolder(instance), { recursive: true, force: true });
  return alive.length;
}

function readIdentities(folder: string): readonly ProcessIdentity[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** One file each, so that two that are noted at once cannot overwrite each other. */
function companionPath(instance: string, { pid }: ProcessIdentity): string {
  return join(companionsFolder(instance), `${pid}.json`);
}

function companionsFolder(instance: string): string {
  return join(instanceFolder(instance), 'companions');
}
