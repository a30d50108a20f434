import { describe, expect, it } from 'vitest';
import { findFaults } from '../../../lint/layout.js';

const faultsOf = (files: Readonly<Record<string, string>>) => findFaults(new Map(Object.entries(files)));

describe('the check of the layout', () => {
  it('lets through what goes along the arrows', () => {
    const faults = faultsOf({
      'src/domain/side.ts': 'export type Side = string;\n',
      'src/ledger/ledger.ts': "import type { Side } from '../domain/side.js';\nimport { x } from 'ioredis';\n",
      'src/cli/main.ts': "const { Ledger } = await import('../ledger/ledger.js');\n",
    });
    expect(faults).toEqual([]);
  });

  it('names an import against the arrows, be it of a type only, on several lines or on demand', () => {
    const against = (statement: string) => faultsOf({ 'src/ledger/a.ts': statement, 'src/cli/b.ts': '' });
    expect(against("import type { B } from '../cli/b.js';")).toEqual([expect.stringContaining('imports a type of')]);
    expect(against("import {\n  type B,\n  b,\n} from '../cli/b.js';")).toEqual([
      expect.stringContaining('imports src'),
    ]);
    expect(against("export { b } from '../cli/b.js';")).toEqual([expect.stringContaining('src/cli/b.ts')]);
    expect(against("const b = await import('../cli/b.js');")).toEqual([expect.stringContaining('loads on demand')]);
    expect(against("type B = typeof import('../cli/b.js');")).toEqual([expect.stringContaining('imports a type of')]);
  });

  it('names a folder for which no arrows are drawn', () => {
    expect(faultsOf({ 'src/attic/a.ts': '' })).toEqual([expect.stringContaining("no arrows are drawn for 'attic'")]);
  });

  it('names a circle of files, also one that only types close', () => {
    const faults = faultsOf({
      'src/domain/a.ts': "import { b } from './b.js';",
      'src/domain/b.ts': "import { c } from './c.js';",
      'src/domain/c.ts': "import type { A } from './a.js';",
      'src/domain/d.ts': "import { a } from './a.js';",
    });
    expect(faults).toEqual([
      'A circle of imports: src/domain/a.ts -> src/domain/b.ts -> src/domain/c.ts -> src/domain/a.ts.',
    ]);
  });

  it('follows what the workflows load to the end, and names what their sandbox must not have', () => {
    const faults = faultsOf({
      'src/workflows/message.ts':
        "import { condition } from '@temporalio/workflow';\nimport { a } from '../domain/a.js';",
      'src/domain/a.ts': "import { b } from './b.js';\nimport type { Side } from 'kafkajs';",
      'src/domain/b.ts': "import { createHash } from 'node:crypto';",
    });
    expect(faults).toEqual([
      'src/domain/b.ts is loaded by the workflows and imports node:crypto, which their sandbox must not have.',
    ]);
  });

  it('names a folder that is too full and a file that is too long', () => {
    const full = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`src/domain/f${index}.ts`, '']));
    expect(faultsOf(full)).toEqual([expect.stringContaining('src/domain has 16 files')]);
    expect(faultsOf({ 'src/domain/a.ts': '\n'.repeat(321) })).toEqual([expect.stringContaining('has 321 lines')]);
    expect(faultsOf({ 'src/domain/a.ts': '\n'.repeat(320) })).toEqual([]);
  });

  it('takes no import from a comment', () => {
    const quoting =
      "/** `import { b } from '../cli/b.js'` */\n// import { b } from '../cli/b.js';\nexport const a = 1;\n";
    expect(faultsOf({ 'src/ledger/a.ts': quoting, 'src/cli/b.ts': '' })).toEqual([]);
  });
});
