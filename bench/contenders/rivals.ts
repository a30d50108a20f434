import type { Ground } from '../ground/ground.js';
import { SHARE_KEY } from '../workers/textbook-activities.js';
import type { Contender } from './contender.js';
import { launchScript, namesFor } from './rival.js';

/** A plain signal-with-start per delivery, ownership and reward as two ordinary activities. */
export function textbook(): Contender {
  const migration = namesFor('bench-textbook');
  return {
    name: 'textbook',
    migration,
    inTemporal: true,
    launch: (ground, side) => launchScript('textbook-worker', migration, ground, side),
    metricsOf: metricsIn,
    setShare,
  };
}

/** The least that a workflow behind each message can cost, correct or not: what no correct way can do better than. */
export function bare(inline: boolean): Contender {
  const name = inline ? 'bare-inline' : 'bare';
  const migration = namesFor(`bench-${name}`);
  return {
    name,
    migration,
    inTemporal: true,
    launch: (ground, side) => launchScript('bare-worker', migration, ground, side, { inline }),
    metricsOf: metricsIn,
    setShare,
  };
}

function metricsIn({ metrics }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof metrics === 'string' ? metrics : undefined;
}

async function setShare({ redis }: Ground, hundredths: number): Promise<void> {
  await redis.set(SHARE_KEY, hundredths);
}

/** SETNX and retries in the process: nothing durable, the ceiling. */
export function seed(): Contender {
  const migration = namesFor('bench-seed');
  return {
    name: 'seed',
    migration,
    inTemporal: false,
    launch: (ground, side) => launchScript('seed-worker', migration, ground, side),
    metricsOf: () => undefined,
  };
}

/** What latency is measured against: the seed's way, with one start of a workflow in the provider's place. */
export function floor(): Contender {
  const migration = namesFor('bench-floor');
  return {
    name: 'floor',
    migration,
    inTemporal: false,
    launch: (ground, side) => {
      return launchScript('seed-worker', migration, ground, side, { floorFile: ground.provider.ledgerFile });
    },
    metricsOf: () => undefined,
  };
}
