import { Cluster } from 'ioredis';
import type { LedgerPhase, Mark, Recovery, RecoveryProgress, Trust } from '../../../domain/ledger/ledger-health.js';
import { Unreadable, unreadable } from '../../ledger-error.js';
import type { RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask, runScript } from '../run-script.js';

/** A pulse is dropped when its process has not beaten for this long, in ms: far longer than any pause of a living one. */
const PROCESS_GONE_MS = 60 * 60 * 1_000;

/** A Redis Cluster may lose one node's keys and keep the others', so it has marks in as many slots as the age index. */
const MARKS_OF_A_CLUSTER = 16;

export interface Beat {
  readonly mark: Mark;
  /** The pulse that was put on it (Redis time, ms); undefined if it does not show what the process trusts. */
  readonly pulse?: number;
  /** See `LedgerState`. */
  readonly remembersSince: number;
  /** Run ID of the server process that answered; '' where Redis hides it from scripts. */
  readonly server: string;
}

/** What a mark shows to people. */
export interface MarkView {
  readonly phase: LedgerPhase | 'lost';
  /** Of the recovery that is under way, while it is `partial`. */
  readonly progress?: RecoveryProgress;
  /** The last recovery that ended. */
  readonly recovery?: Recovery;
}

/**
 * Marks that lie beside the records, so that whoever loses these loses them too. There is one, and on a cluster several.
 * @throws HandoverError `ledger-unavailable` and `ledger-rejected`, as the ledger does.
 */
export interface LedgerMarks {
  readonly count: number;
  /** Reads every mark and puts this process's pulse on those that show what it trusts; one trust for each mark. */
  beat(process: string, trusts: readonly Trust[]): Promise<Beat[]>;
  /**
   * Begins a recovery. Answers since when records may be lost (null: all of them) and Redis time. `known`: the marks showed an
   * earlier epoch, so this is no first one, whatever the cutover workflow knows. What they remember never gets further.
   */
  open(
    epoch: string,
    since: number | null,
    remembersSince: number,
  ): Promise<{ since: number | null; now: number; known?: boolean }>;
  /** Lets processes go on with what is open; false if something was lost again meanwhile, and then they do not. */
  letGoOn(epoch: string): Promise<boolean>;
  progress(epoch: string, progress: RecoveryProgress): Promise<void>;
  /** Ends it; false if something was lost again meanwhile, and then it has not ended. `recovery`: to be shown to people. */
  close(epoch: string, remembersSince: number, recovery?: Recovery): Promise<boolean>;
  view(): Promise<MarkView>;
}

export function createLedgerMarks(client: RedisClient, migration: string): LedgerMarks {
  const count = client instanceof Cluster ? MARKS_OF_A_CLUSTER : 1;
  const marks = Array.from({ length: count }, (_, index) => keys.mark(migration, index));

  async function endPart(args: readonly (string | number)[]): Promise<boolean> {
    const answers = await Promise.all(
      marks.map((mark) => runScript(client, 'mark-close', [mark], args, { what: 'end a recovery' })),
    );
    return answers.every(([verdict]) => verdict === 'closed');
  }

  return {
    count,

    beat: (process, trusts) =>
      Promise.all(
        marks.map(async (mark, index) => {
          const { epoch = '', pulse = '' } = trusts[index] ?? {};
          const args = [process, epoch, pulse, PROCESS_GONE_MS];
          return beatOf(
            await runScript(client, 'mark-beat', [mark], args, { what: 'look whether the ledger is whole' }),
          );
        }),
      ),

    async open(epoch, since, remembersSince) {
      const answers = await Promise.all(
        marks.map((mark) =>
          runScript(client, 'mark-open', [mark], [epoch, since ?? '', remembersSince], { what: 'begin a recovery' }),
        ),
      );
      const moments = answers.map(([from = '']) => from);
      return {
        since: moments.includes('') ? null : Math.min(...moments.map(Number)),
        now: Math.min(...answers.map(([, now]) => Number(now))),
        known: answers.some(([, , known]) => known === '1'),
      };
    },

    letGoOn: (epoch) => endPart([epoch, 'partial', 0, '']),
    close: (epoch, remembersSince, recovery) =>
      endPart([epoch, 'intact', remembersSince, recovery === undefined ? '' : JSON.stringify(recovery)]),

    async progress(epoch, progress) {
      const args = [epoch, JSON.stringify(progress)];
      await Promise.all(
        marks.map((mark) => runScript(client, 'mark-progress', [mark], args, { what: 'tell how far a recovery is' })),
      );
    },

    async view() {
      const fields = await Promise.all(
        marks.map((mark) =>
          ask(client, { what: 'look whether the ledger is whole' }, () =>
            client.hmget(mark, 'epoch', 'phase', 'recovery', 'progress'),
          ).catch(noneIfOverwritten),
        ),
      );
      const recovery = fields.map(([, , json]) => recoveryOf(json)).find((found) => found !== undefined);
      const progress = fields.map(([, , , json]) => progressOf(json)).find((found) => found !== undefined);
      const partial = fields.some(([, phase]) => phase === 'partial');
      const lost = fields.some(([epoch]) => epoch === null);
      const recovering = fields.some(([, phase]) => phase === 'recovering');
      return {
        phase: lost ? 'lost' : recovering ? 'recovering' : partial ? 'partial' : 'intact',
        ...(progress !== undefined && { progress }),
        ...(recovery !== undefined && { recovery }),
      };
    },
  };
}

/** A mark that another program wrote over shows nothing, as the scripts take it, and is made anew by the recovery. */
function noneIfOverwritten(error: unknown): (string | null)[] {
  if (error instanceof Unreadable) return [null, null, null, null];
  throw error;
}

/** The recovery that a mark tells of. What cannot be read is left out: it is for people only, and must not fail `status`. */
function recoveryOf(json: string | null | undefined): Recovery | undefined {
  const recovery = objectIn(json) as Recovery | undefined;
  return recovery?.restored === undefined ? undefined : recovery;
}

function progressOf(json: string | null | undefined): RecoveryProgress | undefined {
  const progress = objectIn(json) as RecoveryProgress | undefined;
  return typeof progress?.done === 'number' ? progress : undefined;
}

function objectIn(json: string | null | undefined): object | undefined {
  if (json === null || json === undefined || json === '') return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Written by another program: there is nothing to tell.
    return undefined;
  }
}

function beatOf(answer: readonly string[]): Beat {
  const [epoch = '', phase = '', sameServer, found = '', latest = '', remembersSince, pulse = '', server = ''] = answer;
  if (phase !== '' && phase !== 'intact' && phase !== 'recovering' && phase !== 'partial') {
    throw unreadable("read the ledger's mark", `'${phase}' is not a phase of it`);
  }
  return {
    mark: {
      sameServer: sameServer === '1',
      ...(epoch !== '' && { epoch }),
      ...(phase !== '' && { phase }),
      ...(found !== '' && { pulse: Number(found) }),
      ...(latest !== '' && { latest: Number(latest) }),
    },
    remembersSince: Number(remembersSince),
    server,
    ...(pulse !== '' && { pulse: Number(pulse) }),
  };
}
