import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Child } from '../../src/local/demo/child.js';
import { SHIPPED } from '../contenders/handover.js';
import { Grants } from '../grants.js';

export interface BenchProviderOptions {
  readonly instance: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onUnexpectedEnd: (error: Error) => void;
}

const LOOK_EVERY_MS = 20;
/** Longer than an attempt may last before Temporal takes it for lost. */
const STALLED_MS = 30_000;

/** The provider simulator without faults, as a process of its own. */
export class BenchProvider {
  readonly rewardUrl: string;
  readonly ledgerFile: string;
  readonly pid: number;
  readonly grants: Grants;
  readonly #child: Child;

  private constructor(child: Child, url: string, ledgerFile: string) {
    this.#child = child;
    this.pid = child.identity.pid;
    this.rewardUrl = `${url}/rewards`;
    this.ledgerFile = ledgerFile;
    this.grants = new Grants(ledgerFile);
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

  /**
   * Resolves once so many of these messages have been granted, or once nothing has come for so long that nothing will:
   * what is missing then is told by `grants.notOnce`.
   */
  async untilGranted(messageIds: readonly string[], count: number, signal: AbortSignal): Promise<void> {
    this.grants.await(messageIds);
    let before = -1;
    let since = performance.now();
    for (;;) {
      const come = this.grants.come();
      if (come >= count) return;
      if (come !== before) since = performance.now();
      before = come;
      if (performance.now() - since > STALLED_MS) return;
      await pause(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  async stop(): Promise<void> {
    this.grants.close();
    await this.#child.stop();
  }
}
