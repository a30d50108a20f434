import { describe, expect, it } from 'vitest';
import { parseBusy, parseStat, treeOf } from '../../../bench/measure/proc.js';

const LINE =
  '4711 (a (b) c) S 42 4711 4711 0 -1 4194560 1 2 0 0 150 50 20 5 20 0 12 0 123456 1000000 2560 18446744073709551615';

describe('a line of /proc/<pid>/stat', () => {
  it('is read past a name with brackets and spaces', () => {
    expect(parseStat(LINE)).toEqual({ pid: 4711, parent: 42, cpuMs: 2_250, rssBytes: 2560 * 4_096 });
  });
});

describe('a tree of processes', () => {
  const process = (pid: number, parent: number) => ({ pid, parent, cpuMs: 1, rssBytes: 1 });

  it('holds the roots and all that descend from them, in whatever order they are listed', () => {
    const processes = [process(5, 4), process(4, 2), process(2, 1), process(3, 1), process(1, 0)];
    expect(treeOf(processes, [2]).map(({ pid }) => pid)).toEqual([5, 4, 2]);
  });

  it('is empty where its root has gone', () => {
    expect(treeOf([process(1, 0)], [9])).toEqual([]);
  });
});

describe('the time that the processors have worked', () => {
  it('is neither idleness nor waiting', () => {
    expect(parseBusy('cpu  100 20 30 4000 500 6 4 9 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n')).toBe(1_600);
  });
});
