import { type FoundReport, type ProcessReport, readReport } from '../../../domain/flow/process-report.js';
import type { Side } from '../../../domain/side.js';
import type { RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask, runScript } from '../run-script.js';

/** A process that was killed is named for so long while others of its side live: somebody has to see it. In ms. */
const KEPT_MS = 3_600_000;

/** Where no process of a side tells anything any more, its last words are kept for so long, in ms: over a long weekend. */
const LAST_WORDS_KEPT_MS = 7 * 24 * 3_600_000;

/**
 * What each process of a side tells people of itself: what it has in hand, what that waits for, and what is wrong. By way
 * of Redis, as a person who asks for the status reaches Redis, and few of the machines.
 */
export interface ProcessReports {
  tell(side: Side, processId: string, report: ProcessReport): Promise<void>;
  /** It ends in good order: nothing is to be missed. */
  leave(side: Side, processId: string): Promise<void>;
  /** What was told last by each, those that have told it longest ago last. */
  read(side: Side): Promise<readonly FoundReport[]>;
}

export function createProcessReports(client: RedisClient, migration: string): ProcessReports {
  return {
    async tell(side, processId, report) {
      const args = [processId, JSON.stringify(report), KEPT_MS, LAST_WORDS_KEPT_MS];
      await runScript(client, 'process-tell', [keys.processes(migration, side)], args, { what: 'tell of a process' });
    },

    async leave(side, processId) {
      const key = keys.processes(migration, side);
      await ask(client, { what: 'take a process out' }, () => client.hdel(key, processId));
    },

    async read(side) {
      const purpose = { what: `look what the processes of ${side} tell` };
      const answer = await runScript(client, 'process-read', [keys.processes(migration, side)], [], purpose);
      const [now = '0', ...told] = answer;
      const found: FoundReport[] = [];
      for (let i = 0; i < told.length; i += 2) found.push(foundOf(told[i] ?? '', told[i + 1] ?? '', Number(now)));
      return found.sort((one, other) => one.ageMs - other.ageMs || (one.processId < other.processId ? -1 : 1));
    },
  };
}

function foundOf(processId: string, text: string, now: number): FoundReport {
  const [, at = '0', json = ''] = /^(\d+) (.*)$/s.exec(text) ?? [];
  return { processId, at: Number(at), ageMs: Math.max(0, now - Number(at)), report: readReport(json) };
}
