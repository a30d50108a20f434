import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identify, isAlive } from '../../../../../src/local/stack/processes/process-identity.js';
import { stopProcess } from '../../../../../src/local/stack/processes/processes.js';

function start(script: string) {
  return spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'ignore'] });
}

function identityOf(child: { pid?: number | undefined }) {
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined) throw new Error('the child does not run');
  return identity;
}

describe('a process', () => {
  it('is known again by its pid and start, and not by its pid alone', async () => {
    const child = start('setTimeout(() => {}, 60_000)');
    const identity = identityOf(child);
    expect(isAlive(identity)).toBe(true);
    expect(isAlive({ ...identity, started: `${identity.started}0` })).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(identity)).toBe(false);
  });

  it('is left alone when another has its pid by now', async () => {
    const child = start('setTimeout(() => {}, 60_000)');
    const identity = identityOf(child);
    await stopProcess({ ...identity, started: 'long ago' }, 'orderly');
    expect(isAlive(identity)).toBe(true);
    await stopProcess(identity, 'orderly');
    expect(isAlive(identity)).toBe(false);
  });

  it('that ended before it is stopped is no error', async () => {
    const child = start('');
    const identity = identityOf(child);
    await once(child, 'exit');
    await stopProcess(identity, 'at once');
  });
});
