import { describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../support/run-command.js';

const NOWHERE = ['--instance', 'there-is-none-of-this-name'] as const;

describe('wrong use is told before anything is connected to, with exit code 2:', () => {
  test.each([
    ['policy', 'consumption', 'maybe'],
    ['policy', 'percentage', '101'],
    ['policy', 'percentage', '0.001'],
    ['policy', 'percentage', 'ten'],
    ['policy', 'allow', ''],
    ['policy', 'allow', 'a\nb'],
    ['policy', 'failover', 'redis', '--reason', 'x'],
    ['policy', 'failover', 'kafka'],
    ['policy', 'failover', 'kafka', '--reason', ' '],
    ['policy', 'percentage', '10', '--expected-version', '0'],
    ['resolve', 'm-1', 'granted'],
    ['resolve', 'm-1', 'maybe', '--reason', 'x'],
    ['resolve', 'm-1', 'granted', '--reason', 'x', '--round', 'x'],
    ['resolve', 'm-1', '--reason', 'x'],
    ['resolve', '--all', 'granted', '--reason', 'x', '--older-than', '10'],
    ['resolve', '--all', 'granted', '--reason', 'x', '--status', 'bad'],
    ['resolve', '--from', 'a.csv', '--reason', 'x'],
    ['resolve', '--from', 'a.csv', '--reason', 'x', '--granted-when', 'PAID,'],
    ['resolve', '--from', 'a.csv', '--reason', 'x', '--as-of', '2026-11-23 12:00'],
    ['resolve', '--from', 'a.csv', '--reason', 'x', '--delimiter', 'ab'],
    ['parked', '--owner', 'redis'],
    ['parked', '--phase', 'lost'],
    ['parked', '--limit', '0'],
    ['resume', 'm-1'],
    ['inspect'],
    ['dead-letters', '--last', '0'],
    ['publish', '/there/is/no/such/file.jsonl'],
  ])('%s', async (...args) => {
    const { code, stdout, stderr } = await runCommand(...args, ...NOWHERE);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toContain('is not up');
  });
});

describe('without services a command', () => {
  test.each([
    ['policy', 'show'],
    ['policy', 'consumption', 'on'],
    ['status'],
    ['parked'],
    ['inspect', 'm-1'],
    ['dead-letters'],
  ])('%s fails with exit code 1 and says what to start', async (...args) => {
    const { code, stdout, stderr } = await runCommand(...args, ...NOWHERE, '--json');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('handover up');
  });

  test('that is told of some of them only refuses with exit code 2 and names the others', async () => {
    vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1');
    try {
      const { code, stderr } = await runCommand('status');
      expect(code).toBe(2);
      expect(stderr).toContain('missing: TEMPORAL_ADDRESS, KAFKA_BROKERS, ROCKETMQ_ENDPOINTS');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
