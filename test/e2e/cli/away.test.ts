import { afterEach, expect, inject, it, vi } from 'vitest';
import { runCommand } from '../../support/run-command.js';
import { serviceVariables } from '../../support/worker-process.js';

const stack = inject('stack');

/** Runs a command on the stack, with services that are elsewhere. */
function handover(elsewhere: Record<string, string>, ...args: readonly string[]) {
  for (const [name, value] of Object.entries({ ...serviceVariables(stack), ...elsewhere })) vi.stubEnv(name, value);
  return runCommand(...args);
}

afterEach(() => void vi.unstubAllEnvs());

const REASON = ['--reason', 'x'];
const ASK_TEMPORAL: [string[]][] = [
  [['status']],
  [['status', '--json']],
  [['policy', 'show']],
  [['policy', 'percentage', '5', ...REASON]],
  [['policy', 'keep', 'workflow', ...REASON]],
  [['resolve', 'm-1', 'granted', '--round', '1', ...REASON]],
  [['resume', 'm-1', ...REASON]],
];
const ASK_REDIS: [string[]][] = [
  [['status']],
  [['parked']],
  [['inspect', 'm-1']],
  [['dead-letters']],
  [['policy', 'show']],
];

it.each(ASK_TEMPORAL)('%j fails in a namespace that does not exist, and says how to mend that', async (args) => {
  const { code, stderr } = await handover({ TEMPORAL_NAMESPACE: 'nope' }, ...args);
  expect(stderr).toContain("has no namespace 'nope'");
  expect(stderr).toContain('Mend TEMPORAL_NAMESPACE, or make it: temporal operator namespace create');
  expect(stderr).not.toMatch(/unexpected fault|no workflow|handover resume/);
  expect(code).toBe(1);
});

it.each(ASK_TEMPORAL)('%j fails while Temporal is away, and says where it was looked for', async (args) => {
  const { code, stderr } = await handover({ TEMPORAL_ADDRESS: '127.0.0.1:1' }, ...args);
  expect(stderr).toContain('Temporal does not answer at 127.0.0.1:1');
  expect(stderr).toContain('Look whether it runs');
  expect(code).toBe(1);
});

it('status shows what Redis knows all the same', async () => {
  for (const elsewhere of [{ TEMPORAL_NAMESPACE: 'nope' }, { TEMPORAL_ADDRESS: '127.0.0.1:1' }]) {
    const { code, stdout } = await handover(elsewhere, 'status', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ messages: { parked: 0 }, sides: { kafka: { rewards: null } } });
  }
});

it.each(ASK_REDIS)('%j fails while Redis is away, and says what to look at', async (args) => {
  const { code, stdout, stderr } = await handover({ REDIS_URL: 'redis://127.0.0.1:1' }, ...args);
  expect(stderr).toMatch(/Redis gave no answer/);
  expect(stderr).toContain('REDIS_URL');
  expect(stderr).not.toContain('by itself');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});
