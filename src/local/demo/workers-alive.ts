import { throwIfInterrupted, waitUntil } from '../../async/wait-until.js';
import { HandoverError } from '../../domain/errors.js';
import { SIDES } from '../../domain/side.js';
import { SIGN_LIFETIME_MS, type SideStatus } from '../../ledger/redis/stores/side-status.js';
import { DEFAULT_INSTANCE } from '../stack/folders.js';

export interface WorkersAliveOptions {
  readonly sideStatus: Pick<SideStatus, 'isAlive'>;
  readonly migration: string;
  readonly instance: string;
  readonly signal: AbortSignal;
}

/** The last sign of a worker that has just ended lives on this long; one that lives renews it meanwhile. */
const LAPSED_MS = SIGN_LIFETIME_MS + 1_000;

/**
 * Two sets of workers would share the messages, and the kills, the provider and the judgement would be of one set alone.
 * @throws HandoverError `wrong-use`
 */
export async function refuseWhileWorkersLive(options: WorkersAliveOptions): Promise<void> {
  const { sideStatus, migration, instance, signal } = options;
  const noneLives = async (): Promise<void> => {
    const alive = await Promise.all(SIDES.map((side) => sideStatus.isAlive(side)));
    if (alive.includes(true)) throw new Error('a worker lives');
  };
  try {
    await waitUntil(noneLives, { timeoutMs: LAPSED_MS, signal });
  } catch (cause) {
    throwIfInterrupted(signal);
    // Redis gave no answer, which says nothing of workers.
    if (cause instanceof HandoverError) throw cause;
    const down = instance === DEFAULT_INSTANCE ? 'handover down' : `handover down --instance ${instance}`;
    throw new HandoverError('wrong-use', `Workers of migration '${migration}' run on this stack already.`, {
      cause,
      hint: `End them first; '${down}' also ends those of an earlier demo. Or take another stack: --instance NAME.`,
    });
  }
}
