import { createHash } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { loadMigration } from '../../src/config/load-migration.js';
import { resourcesOf } from '../../src/local/stack/provision/resources.js';
import { startStack } from '../../src/local/stack/start-stack.js';
import { type LocalStack, readStack } from '../../src/local/stack/state.js';
import { stopStack } from '../../src/local/stack/stop-stack.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The services that tests of the project `services` run on: `inject('stack')`. */
    stack: LocalStack;
  }
}

/** A stack of this clone's own: neither one that somebody works with, nor that of another clone's tests. */
const INSTANCE = `test-${createHash('sha256')
  .update(import.meta.url)
  .digest('hex')
  .slice(0, 8)}`;

/** Names a stack that runs already and is to go on running: quicker while one works on a test. */
const borrowed = process.env['HANDOVER_TEST_INSTANCE'] ?? '';

export async function setup(project: TestProject): Promise<void> {
  project.provide('stack', borrowed === '' ? await startOwn() : findBorrowed());
}

export async function teardown(): Promise<void> {
  if (borrowed === '') await stopStack(INSTANCE);
}

async function startOwn(): Promise<LocalStack> {
  // What a run that was cut off has left would carry its messages into this one.
  await stopStack(INSTANCE);
  const report = (_subject: string, line: string): void => console.error(line);
  const resources = resourcesOf(await loadMigration({ env: {} }));
  return startStack({ instance: INSTANCE, resources, report });
}

function findBorrowed(): LocalStack {
  const stack = readStack(borrowed);
  if (stack !== undefined) return stack;
  throw new Error(`HANDOVER_TEST_INSTANCE names '${borrowed}', which is not up: handover up --instance ${borrowed}`);
}
