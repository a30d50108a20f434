import { readdirSync, readFileSync } from 'node:fs';

/** What one line of `/proc/<pid>/stat` tells of a process. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Time on the processors, that of children which have ended and were waited for included, in ms. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** `sysconf(_SC_CLK_TCK)` and the page size, which Linux has kept at these for programs on common machines. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

/** Reads a line of `/proc/<pid>/stat`. */
export function parseStat(line: string): ProcessStat {
  // The command's name stands in brackets and may hold anything, brackets and spaces included.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index]);
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + number(index), 0);
  return {
    pid: Number.parseInt(line, 10),
    parent: number(1),
    cpuMs: ticks * TICK_MS,
    rssBytes: number(21) * PAGE_BYTES,
  };
}

/** The processes of this machine, as they are now. */
function readProcesses(): readonly ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))];
      } catch {
        // It has ended since it was listed.
        return [];
      }
    });
}

/** The processes of these IDs with all that descend from them. */
export function treeOf(processes: readonly ProcessStat[], roots: readonly number[]): readonly ProcessStat[] {
  const found = new Set(roots);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return processes.filter(({ pid }) => found.has(pid));
}

/** Time on the processors of whole trees of processes, by the name of the group, in ms. */
export function cpuOf<Name extends string>(groups: Readonly<Record<Name, readonly number[]>>): Record<Name, number> {
  const processes = readProcesses();
  const entries = Object.entries<readonly number[]>(groups).map(([name, roots]) => [
    name,
    treeOf(processes, roots).reduce((sum, { cpuMs }) => sum + cpuMs, 0),
  ]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

/** Time that all processors together have worked since the machine was started, from the text of `/proc/stat`, in ms. */
export function parseBusy(text: string): number {
  const fields = /^cpu +(.*)$/m.exec(text)?.[1]?.split(' ').map(Number) ?? [];
  // user, nice, system; then idle and waiting for disks, which is not work; then interrupts of both kinds.
  return [0, 1, 2, 5, 6].reduce((sum, index) => sum + (fields[index] ?? 0), 0) * TICK_MS;
}

export function readBusy(): number {
  return parseBusy(readFileSync('/proc/stat', 'utf8'));
}

/** Resident memory of these processes, the largest of them, in bytes. */
export function largestRss(pids: readonly number[]): number {
  return Math.max(0, ...pids.map((pid) => parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).rssBytes));
}
