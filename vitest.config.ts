import { defineConfig } from 'vitest/config';

// Forks, not threads: the Temporal native module crashes a process that loads it in several worker threads.
const shared = {
  pool: 'forks' as const,
  environment: 'node' as const,
  // A condition that is awaited has the time that a busy machine needs; the default is one second.
  expect: { poll: { timeout: 60_000, interval: 100 } },
};

// One kind after the other. Files on real services mostly wait (for a rebalance, a lapsed lease, a recovery), so two of
// them share the machine; each works under names of its own.
export default defineConfig({
  test: {
    projects: [
      // Milliseconds each; the bound is for a machine on which everything else runs too.
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      // Minutes of two processors: every state of the protocol that two faults can lead to. vitest would use one of them.
      {
        test: {
          ...shared,
          name: 'model',
          include: ['test/model/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 900_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'workflows',
          include: ['test/workflows/**/*.test.ts', 'test/replay/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          name: 'services',
          include: ['test/contract/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/build.ts', 'test/support/local-stack.ts'],
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
      // Minutes each, at ten times a bound with the shipped settings: run by themselves, with `npm run test:long`.
      {
        test: {
          ...shared,
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          globalSetup: ['test/support/build.ts', 'test/support/local-stack.ts'],
          maxWorkers: 1,
          testTimeout: 900_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
