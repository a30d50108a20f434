import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { run } from '../../../src/cli/main.js';

const stack = inject('stack');

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a command line prints on standard output, and its exit code. */
async function call(...args: string[]): Promise<{ code: number; printed: string }> {
  let printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  const code = await run(args);
  return { code, printed };
}

describe('handover up', () => {
  it('answers the addresses as one line of JSON, and the same when it is already up', async () => {
    const first = await call('up', '--instance', stack.instance, '--native', '--json');
    expect(first.code).toBe(0);
    expect(first.printed).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(first.printed)).toEqual({
      temporal: { address: stack.temporal.address, namespace: 'default', ui: stack.temporal.ui },
      kafka: { brokers: stack.kafka.brokers },
      rocketmq: { endpoints: stack.rocketmq.endpoints, nameServer: stack.rocketmq.nameServer },
      redis: { url: stack.redis.url },
      logs: stack.logs,
    });
    expect(await call('up', '--instance', stack.instance, '--native', '--json')).toEqual(first);
  });

  it('says for people that stopping it forgets messages, and how to stop it', async () => {
    const { printed } = await call('up', '--instance', stack.instance);
    expect(printed).toContain(stack.temporal.ui);
    expect(printed).toContain(
      `handover down --instance ${stack.instance}. Temporal is in memory: stopping it forgets messages.`,
    );
  });
});
