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
    metricsOf: ({ metrics }) => (typeof metrics === 'string' ? metrics : undefined),
    async setShare({ redis }, hundredths) {
      await redis.set(SHARE_KEY, hundredths);
    },
  };
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
