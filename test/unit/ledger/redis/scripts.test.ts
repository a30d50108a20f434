import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LEDGER_STEPS } from '../../../../src/domain/ledger/record.js';
import { commandOf, loadScripts, SCRIPTS, type ScriptName } from '../../../../src/ledger/redis/scripts.js';

const FOLDER = new URL('../../../../src/ledger/redis/lua/', import.meta.url);
const scripts = loadScripts();

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.lua'));
const fragments = readdirSync(new URL('fragments/', FOLDER));

/** What Redis runs, without comments. */
const code = (text: string): string => text.replace(/--.*$/gm, '');

describe('the scripts', () => {
  test('are the files, each of them', () => {
    expect(files.map((file) => file.slice(0, -'.lua'.length)).sort()).toEqual(Object.keys(SCRIPTS).sort());
  });

  test("cover every step that is not time's", () => {
    expect(Object.keys(SCRIPTS)).toEqual(expect.arrayContaining(LEDGER_STEPS.filter((step) => step !== 'expire')));
  });

  test('hold each fragment once, and no include is left', () => {
    for (const { lua } of Object.values(scripts)) {
      expect(lua).not.toMatch(/@include/);
      const functions = [...lua.matchAll(/^local function (\w+)/gm)].map(([, name]) => name);
      expect(new Set(functions).size).toBe(functions.length);
    }
  });

  test('use every fragment', () => {
    const all = [...files, ...fragments.map((file) => `fragments/${file}`)]
      .map((file) => readFileSync(new URL(file, FOLDER), 'utf8'))
      .join();
    for (const fragment of fragments) expect(all).toContain(`-- @include fragments/${fragment}\n`);
  });

  describe.each(Object.keys(SCRIPTS) as ScriptName[])('%s', (name) => {
    const text = readFileSync(new URL(`${name}.lua`, FOLDER), 'utf8');
    const { lua, numberOfKeys } = scripts[commandOf(name)] ?? { lua: '', numberOfKeys: 0 };

    test('opens with its contract: keys, verdicts or answer, and invariants', () => {
      const header = text.slice(0, text.search(/^(?!--)/m));
      expect(header).toMatch(/^-- KEYS\[1\] /m);
      expect(header).toMatch(/^-- (Verdicts|Answers) /m);
      expect(header).toMatch(/^-- Invariants?: /m);
      const isStep = (LEDGER_STEPS as readonly string[]).includes(name);
      if (isStep) expect(header).toMatch(/^-- Transitions?: /m);
    });

    test('touches the keys that it declares, and names none itself', () => {
      const used = [...code(lua).matchAll(/KEYS\[(\d+)\]/g)].map(([, n]) => Number(n));
      expect(Math.max(...used)).toBe(numberOfKeys);
      expect(code(lua)).not.toMatch(/handover:/);
      expect(code(lua)).not.toMatch(/KEYS\[\d+\]\s*\.\./);
    });

    test('says in its contract every argument that it takes', () => {
      const used = new Set([...code(text).matchAll(/ARGV\[(\d+)\]/g)].map(([, n]) => Number(n)));
      const header = text.slice(0, text.search(/^(?!--)/m)).replace(/ARGV\[1\.\.6\]/, '[1] [2] [3] [4] [5] [6]');
      for (const n of used) expect(header).toMatch(new RegExp(`\\[${n}(\\.\\.)?\\]`));
    });
  });
});
