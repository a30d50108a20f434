import { HandoverError } from '../../src/domain/errors.js';
import type { Skipped } from '../attempts.js';
import type { Contender, ContenderName } from './contender.js';
import { dbos } from './dbos.js';
import { handover } from './handover.js';
import { bare, seed, textbook } from './rivals.js';

const MAKE: Readonly<Record<ContenderName, (folder: string) => Contender | Promise<Contender>>> = {
  textbook,
  handover: (folder) => handover('bench-handover', folder),
  'handover-inline': (folder) => handover('bench-inline', folder, { dispatch: 'inline-first' }),
  bare: () => bare(false),
  'bare-inline': () => bare(true),
  seed,
  dbos,
};

/** The contenders by name; one that this handover cannot be is skipped with its reason. */
export async function chooseContenders(
  names: readonly ContenderName[],
  folder: string,
): Promise<{ readonly chosen: ReadonlyMap<ContenderName, Contender>; readonly skipped: Skipped[] }> {
  const chosen = new Map<ContenderName, Contender>();
  const skipped: Skipped[] = [];
  for (const name of names) {
    try {
      chosen.set(name, await MAKE[name](folder));
    } catch (error) {
      if (!(error instanceof HandoverError) || error.code !== 'config-invalid') throw error;
      skipped.push({ name, reason: error.message });
    }
  }
  return { chosen, skipped };
}
