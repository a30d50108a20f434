import { HandoverError, toError } from '../src/domain/errors.js';

/** Something that is not measured, or not to its end, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** Parts and contenders that are handover's own: where one of these fails, the run has failed, though it goes on. */
const OURS: ReadonlySet<string> = new Set(['handover', 'handover-inline', 'growth', 'backlog', 'ledger']);

/** Lines of an error that are told: a worker's log often begins with warnings. */
const LINES = 12;

/** Measures one after the other. One that fails is out from then on, and the others are measured all the same. */
export class Attempts {
  readonly #skipped: Skipped[];
  readonly #failed = new Set<string>();
  readonly #signal: AbortSignal;
  readonly #say: (line: string) => void;

  /** `signal`: aborted when nobody can go on; `skipped`: those that are not even attempted. */
  constructor(signal: AbortSignal, say: (line: string) => void, skipped: readonly Skipped[] = []) {
    this.#skipped = [...skipped];
    this.#signal = signal;
    this.#say = say;
  }

  /** What was skipped, in the order in which that turned out. */
  get skipped(): readonly Skipped[] {
    return this.#skipped;
  }

  /** What of handover itself has failed. */
  get failed(): readonly string[] {
    return [...this.#failed].filter((name) => OURS.has(name));
  }

  isOut(name: string): boolean {
    return this.#failed.has(name);
  }

  /**
   * Undefined where that fails, or has failed before.
   * @throws what the signal was aborted for
   */
  async make<T>(name: string, part: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.isOut(name)) return undefined;
    try {
      return await work();
    } catch (error) {
      this.#signal.throwIfAborted();
      const reason = `${part}: ${reasonOf(error)}`;
      this.#failed.add(name);
      this.#skipped.push({ name, reason });
      this.#say(`${name} is out: ${reason}`);
      return undefined;
    }
  }
}

/** The first lines of an error's text; of a wait that was cut short, of what it was cut short for. */
export function reasonOf(thrown: unknown): string {
  const error = toError(thrown);
  const cutShort = error.name === 'AbortError' || (error instanceof HandoverError && error.code === 'interrupted');
  if (cutShort && error.cause !== undefined) return reasonOf(error.cause);
  const lines = error.message.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, LINES).join('\n');
}
