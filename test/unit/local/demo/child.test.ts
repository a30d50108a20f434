import { describe, expect, it } from 'vitest';
import { ownCommandLine } from '../../../../src/local/demo/child.js';

describe('the command line of a child', () => {
  it('is that of the build where the demo is built', () => {
    const line = ownCommandLine('file:///opt/handover/dist/local/demo/child.js');
    expect(line[0]).toBe(process.execPath);
    expect(line.at(-1)).toBe('/opt/handover/dist/cli/main.js');
  });

  it('is that of the sources where the demo runs from them, with what makes Node read them', () => {
    const line = ownCommandLine('file:///opt/handover/src/local/demo/child.ts');
    expect(line.slice(1, -1)).toEqual(process.execArgv);
    expect(line.at(-1)).toBe('/opt/handover/src/cli/main.ts');
  });
});
