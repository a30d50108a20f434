import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../../src/cli/main.js';

let printed: string;

beforeEach(() => {
  printed = '';
  const keep = (text: string | Uint8Array): boolean => {
    printed += text;
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the exit code', () => {
  it.each([[['--version']], [['--help']], [['up', '--help']], [['help', 'down']]])('is 0 for %j', async (args) => {
    expect(await run(args)).toBe(0);
  });

  it.each([
    [[]],
    [['nonsense']],
    [['up', '--nonsense']],
    [['up', '--redis-port', 'x']],
    [['down', '--instance', 'NOT A NAME']],
  ])('is 2 for wrong use: %j', async (args) => {
    expect(await run(args)).toBe(2);
  });
});

describe('help', () => {
  it('shows examples, of the program and of each command', async () => {
    await run(['--help']);
    await run(['up', '--help']);
    await run(['down', '--help']);
    expect(printed.match(/Examples:/g)).toHaveLength(3);
    expect(printed).toContain('HANDOVER_REDIS_PORT');
  });

  it('tells the version of the package', async () => {
    await run(['--version']);
    expect(printed).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
