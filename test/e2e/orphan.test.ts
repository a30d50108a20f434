import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { identify } from '../../src/local/stack/processes/process-identity.js';
import { BUILT_COMMAND } from '../support/build.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { serviceVariables } from '../support/worker-process.js';

const stack = inject('stack');
let live: LiveMigration;

beforeAll(async () => {
  live = await startLiveMigration(stack);
});
afterAll(() => live?.close());

it.for(['SIGTERM', 'SIGKILL'] as const)('a worker whose npx was ended by %s drains and ends', async (signal) => {
  const command = `"${process.execPath}" "${BUILT_COMMAND}" worker --side kafka --config "${live.configPath}" --json`;
  const npm = spawn('npm', ['exec', '--offline', '-c', command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...serviceVariables(stack) },
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    npm[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
    });
  }
  await expect.poll(() => printed.stdout).toContain('"ready":true');
  const worker = Number(/"pid":(\d+)/.exec(printed.stderr)?.[1]);
  try {
    // Both ends of its pipes are closed once the last process that holds them has ended, and that is the worker.
    const closed = once(npm, 'close');
    npm.kill(signal);
    await closed;
    expect(printed.stderr).toContain('"msg":"stopped"');
    await expect.poll(() => identify(worker)).toBeUndefined();
  } finally {
    if (identify(worker) !== undefined) process.kill(worker, 'SIGKILL');
  }
});
