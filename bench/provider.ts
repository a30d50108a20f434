import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Child } from '../src/demo/child.js';
import { SHIPPED } from './contenders/handover.js';

export interface BenchProviderOptions {
  readonly instance: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onUnexpectedEnd: (error: Error) => void;
}

/** What the provider has written down of one message. */
interface Grants {
  count: number;
  /** Of the first one, ms since the epoch. */
  readonly at: number;
}

const LOOK_EVERY_MS = 20;
/** Longer than an attempt may last before Temporal takes it for lost. */
const STALLED_MS = 30_000;
const CHUNK_BYTES = 1 << 20;

/** The provider simulator without faults, as a process of its own, and a reader of its file: the count that rounds go by. */
export class BenchProvider {
  readonly rewardUrl: string;
  readonly ledgerFile: string;
  readonly pid: number;
  readonly #child: Child;
  readonly #file: number;
  readonly #buffer = Buffer.alloc(CHUNK_BYTES);
  readonly #grants = new Map<string, Grants>();
  #read = 0;
  #rest = '';

  private constructor(child: Child, url: string, ledgerFile: string) {
    this.#child = child;
    this.pid = child.identity.pid;
    this.rewardUrl = `${url}/rewards`;
    this.ledgerFile = ledgerFile;
    this.#file = openSync(ledgerFile, 'r');
  }

  static async start({ signal, ...options }: BenchProviderOptions): Promise<BenchProvider> {
    const ledgerFile = join(options.folder, 'provider-ledger.jsonl');
    const child = Child.start({
      ...options,
      name: 'provider',
      commandLine: [process.execPath, SHIPPED],
      args: ['simulator', '--port', '0', '--ledger', ledgerFile, '--json'],
      environment: {},
    });
    const { url } = await child.ready(signal);
    return new BenchProvider(child, String(url), ledgerFile);
  }

  /** When each of these messages was first granted, ms since the epoch; one that has not been is left out. */
  grantedAt(messageIds: readonly string[]): readonly number[] {
    this.#readOn();
    return messageIds.flatMap((id) => this.#grants.get(id)?.at ?? []);
  }

  /**
   * Resolves once so many of these messages have been granted, or once nothing has come for so long that nothing will:
   * what is missing then is told by {@link notOnce}.
   */
  async untilGranted(messageIds: readonly string[], count: number, signal: AbortSignal): Promise<void> {
    let before = -1;
    let since = performance.now();
    for (;;) {
      const granted = this.grantedAt(messageIds).length;
      if (granted >= count) return;
      if (granted !== before) since = performance.now();
      before = granted;
      if (performance.now() - since > STALLED_MS) return;
      await pause(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  /** The messages that were not granted exactly once, a few of them with how often. */
  notOnce(messageIds: readonly string[]): readonly string[] {
    this.#readOn();
    return messageIds.flatMap((id) => {
      const count = this.#grants.get(id)?.count ?? 0;
      return count === 1 ? [] : [`${id}: ${count}`];
    });
  }

  async stop(): Promise<void> {
    closeSync(this.#file);
    await this.#child.stop();
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
    if (known === undefined) this.#grants.set(messageId, { count: 1, at: Date.parse(time) });
    else known.count += 1;
  }
}
