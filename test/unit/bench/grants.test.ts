import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Grants } from '../../../bench/grants.js';

describe("the provider's file", () => {
  let folder: string;
  let path: string;
  let grants: Grants;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'grants-'));
    path = join(folder, 'ledger.jsonl');
    writeFileSync(path, '');
    grants = new Grants(path);
  });
  afterEach(() => {
    grants.close();
    rmSync(folder, { recursive: true });
  });

  const line = (messageId: string, second: number, effect = 'granted'): string =>
    `${JSON.stringify({ time: `2026-01-01T00:00:0${second}.000Z`, messageId, attempt: 1, effect, fault: null })}\n`;
  const at = (second: number): number => Date.parse(`2026-01-01T00:00:0${second}.000Z`);

  it('is read as it grows, also where half a line is there', () => {
    const [first, second] = [line('a', 1), line('b', 2)];
    appendFileSync(path, first + second.slice(0, 20));
    expect(grants.of(['a', 'b'])).toEqual(new Map([['a', at(1)]]));
    appendFileSync(path, second.slice(20));
    expect(grants.of(['b', 'a'])).toEqual(
      new Map([
        ['b', at(2)],
        ['a', at(1)],
      ]),
    );
  });

  it('tells what was not granted exactly once, and keeps the time of the first grant', () => {
    appendFileSync(path, line('twice', 1) + line('once', 2) + line('never', 3, 'none') + line('twice', 4));
    expect(grants.notOnce(['once', 'twice', 'never', 'unheard'])).toEqual(['twice: 2', 'never: 0', 'unheard: 0']);
    expect(grants.twice()).toEqual(['twice: 2']);
    expect(grants.of(['twice'])).toEqual(new Map([['twice', at(1)]]));
  });

  it('counts what is awaited, what was there before included, each message once', () => {
    appendFileSync(path, line('a', 1) + line('x', 1));
    grants.await(['a', 'b', 'c']);
    expect(grants.come()).toBe(1);
    appendFileSync(path, line('b', 2) + line('b', 3) + line('y', 3));
    expect(grants.come()).toBe(2);
  });
});
