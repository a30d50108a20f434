import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Component, obtain } from '../../../../../src/local/stack/components/component-cache.js';
import { ToolFailure } from '../../../../../src/local/stack/components/run-tool.js';
import { cacheFolder } from '../../../../../src/local/stack/folders.js';

let cacheHome: string;
let fetches: number;

const component: Component = {
  name: 'thing',
  version: '1.2.3',
  title: 'Thing',
  async fetch(folder) {
    fetches += 1;
    await writeFile(join(folder, 'program'), 'fetched');
  },
};

beforeEach(async () => {
  fetches = 0;
  cacheHome = await mkdtemp(join(tmpdir(), 'handover-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', cacheHome);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cacheHome, { recursive: true });
});

describe('a component', () => {
  it('is fetched once for each version, and its fetching is told of', async () => {
    const lines: string[] = [];
    const report = (line: string): unknown => lines.push(line);
    const folder = await obtain(component, { report });
    expect(folder).toBe(join(cacheFolder(), 'thing-1.2.3'));
    expect(await obtain(component, { report })).toBe(folder);
    expect(fetches).toBe(1);
    expect(lines).toEqual([`fetching Thing 1.2.3 (once; kept in ${cacheFolder()})`]);
    await obtain({ ...component, version: '1.2.4' });
    expect(fetches).toBe(2);
  });

  it('is whole when two fetch it at once', async () => {
    const [one, other] = await Promise.all([obtain(component), obtain(component)]);
    expect(one).toBe(other);
    expect(await readFile(join(one, 'program'), 'utf8')).toBe('fetched');
    expect(await readdir(cacheFolder())).toEqual(['thing-1.2.3']);
  });

  it('is fetched anew where a folder of its name is not complete', async () => {
    await mkdir(join(cacheFolder(), 'thing-1.2.3'), { recursive: true });
    await writeFile(join(cacheFolder(), 'thing-1.2.3', 'half'), '');
    const folder = await obtain(component);
    expect((await readdir(folder)).sort()).toEqual(['.complete', 'program']);
  });

  it('leaves nothing behind when it cannot be fetched, and says which and what its tool said', async () => {
    const fetch = async (folder: string): Promise<void> => {
      await writeFile(join(folder, 'half'), '');
      throw new ToolFailure('pip', 1, 'a\nb\nno such version\n');
    };
    await expect(obtain({ ...component, fetch })).rejects.toMatchObject({
      code: 'fetch-failed',
      message: expect.stringMatching(/^Thing 1\.2\.3 could not be fetched: .*no such version/),
    });
    expect(await readdir(cacheFolder())).toEqual([]);
  });
});
