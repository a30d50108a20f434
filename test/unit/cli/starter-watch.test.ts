import { describe, expect, it } from 'vitest';
import { findRunner, type ProcessFacts } from '../../../src/cli/starter-watch.js';

const NPM = { npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js', npm_command: 'exec' };

/** A machine's processes by ID. */
function machine(processes: Record<number, ProcessFacts>) {
  return (pid: number): ProcessFacts | undefined => processes[pid];
}

const npm: ProcessFacts = { parent: 1, words: ['npm exec handover worker', '', ''] };

describe('the npm that runs a worker', () => {
  it('is its parent', () => {
    expect(findRunner(NPM, 10, machine({ 10: npm }))).toBe(10);
  });

  it('is the parent of its shell, with a title or without one', () => {
    const shell: ProcessFacts = { parent: 10, words: ['sh', '-c', 'handover worker --side kafka'] };
    expect(findRunner(NPM, 20, machine({ 10: npm, 20: shell }))).toBe(10);
    const untitled: ProcessFacts = { parent: 1, words: ['/usr/bin/node', '/usr/bin/npx', 'handover'] };
    expect(findRunner(NPM, 20, machine({ 10: untitled, 20: shell }))).toBe(10);
  });

  it('is none where a supervisor, a container or nohup started it, whose parent may go', () => {
    expect(findRunner({}, 1, machine({ 1: { parent: 0, words: ['/sbin/init'] } }))).toBeUndefined();
    const shell: ProcessFacts = { parent: 1, words: ['bash'] };
    expect(findRunner({}, 20, machine({ 20: shell }))).toBeUndefined();
  });

  it('is none where another program that npm runs started it, as the demo does with its workers', () => {
    const demo: ProcessFacts = { parent: 10, words: ['node', '/app/dist/cli/main.js', 'demo'] };
    expect(findRunner(NPM, 30, machine({ 10: npm, 30: demo }))).toBeUndefined();
  });

  it('is none where the parent has gone already, as of a process that was sent into the background', () => {
    expect(findRunner(NPM, 1, machine({ 1: { parent: 0, words: ['/sbin/init'] } }))).toBeUndefined();
    expect(findRunner(NPM, 40, machine({}))).toBeUndefined();
  });
});
