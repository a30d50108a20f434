import { closeSync, openSync, readSync } from 'node:fs';

/** What the provider has written down of one message. */
interface Grant {
  count: number;
  /** Of the first one, ms since the epoch. */
  readonly at: number;
}

const CHUNK_BYTES = 1 << 20;

/** Reads the provider's file as it grows: the truth about rewards that every figure is counted by. */
export class Grants {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(CHUNK_BYTES);
  readonly #grants = new Map<string, Grant>();
  #read = 0;
  #rest = '';
  #awaited: ReadonlySet<string> = new Set();
  #come = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** When each of these messages was first granted, ms since the epoch, in their order; one that was not is left out. */
  of(messageIds: readonly string[]): ReadonlyMap<string, number> {
    this.#readOn();
    return new Map(
      messageIds.flatMap((id) => {
        const grant = this.#grants.get(id);
        return grant === undefined ? [] : [[id, grant.at] as const];
      }),
    );
  }

  /** The messages that were not granted exactly once, with how often. */
  notOnce(messageIds: readonly string[]): readonly string[] {
    this.#readOn();
    return messageIds.flatMap((id) => {
      const count = this.#grants.get(id)?.count ?? 0;
      return count === 1 ? [] : [`${id}: ${count}`];
    });
  }

  /** Every message that was granted more than once, whenever that was. */
  twice(): readonly string[] {
    this.#readOn();
    return [...this.#grants].flatMap(([id, { count }]) => (count > 1 ? [`${id}: ${count}`] : []));
  }

  /** From now on {@link come} counts these messages, which costs no look at each of them however many they are. */
  await(messageIds: readonly string[]): void {
    this.#come = this.of(messageIds).size;
    this.#awaited = new Set(messageIds);
  }

  /** How many of the messages that are awaited have been granted. */
  come(): number {
    this.#readOn();
    return this.#come;
  }

  close(): void {
    closeSync(this.#file);
  }

  #readOn(): void {
    for (;;) {
      const bytes = readSync(this.#file, this.#buffer, 0, CHUNK_BYTES, this.#read);
      if (bytes === 0) return;
      this.#read += bytes;
      const lines = (this.#rest + this.#buffer.toString('latin1', 0, bytes)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#enter(line);
    }
  }

  #enter(line: string): void {
    const { messageId, effect, time } = JSON.parse(line) as { messageId: string; effect: string; time: string };
    if (effect !== 'granted') return;
    const known = this.#grants.get(messageId);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    this.#grants.set(messageId, { count: 1, at: Date.parse(time) });
    if (this.#awaited.has(messageId)) this.#come += 1;
  }
}
