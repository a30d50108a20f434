import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../../../src/local/stack/lock.js';

const name = `test of ${process.pid}`;

describe('a lock', () => {
  it('is held by one at a time, and handed on when its work ends or fails', async () => {
    const order: string[] = [];
    const work = (label: string) => async () => {
      order.push(`${label} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${label} ends`);
      if (label === 'a') throw new Error('a fails');
    };
    const a = withLock(name, {}, work('a'));
    const b = withLock(name, {}, work('b'));
    await expect(a).rejects.toThrow('a fails');
    await b;
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('does not keep others waiting whose name is another', async () => {
    await withLock(name, {}, () => withLock(`${name}, another`, {}, async () => undefined));
  });

  it('tells a waiter that it waits, and lets it go when it is interrupted', async () => {
    const interruption = new AbortController();
    let waited = false;
    const onWait = (): void => {
      waited = true;
      interruption.abort();
    };
    await withLock(name, {}, async () => {
      const second = withLock(name, { onWait, signal: interruption.signal }, async () => undefined);
      await expect(second).rejects.toMatchObject({ code: 'interrupted' });
    });
    expect(waited).toBe(true);
  });

  it('is free again when its holder is killed', async () => {
    const module = JSON.stringify(new URL('../../../../src/local/stack/lock.ts', import.meta.url).href);
    const script = `import(${module}).then(({ withLock }) => withLock(${JSON.stringify(name)}, {}, async () => {
      console.log('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }));`;
    const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const second = withLock(name, { onWait: () => holder.kill('SIGKILL') }, async () => 'mine');
    await expect(second).resolves.toBe('mine');
  });
});
