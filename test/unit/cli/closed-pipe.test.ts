import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { outliveReaders } from '../../../src/cli/closed-pipe.js';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

it('a command whose reader has had enough ends as its work does, without a stack trace', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('any other fault of a stream is not kept quiet', () => {
  const stream = new EventEmitter();
  outliveReaders([stream]);
  const fault = (code: string): Error => Object.assign(new Error(code), { code });
  expect(() => stream.emit('error', fault('EPIPE'))).not.toThrow();
  expect(() => stream.emit('error', fault('ENOSPC'))).toThrow('ENOSPC');
});
