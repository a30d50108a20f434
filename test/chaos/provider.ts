import { Child } from '../../src/local/demo/child.js';
import type { FaultRates } from '../../src/local/simulator/faults.js';
import { readSimulatorLedger, type SimulatorEntry } from '../../src/local/simulator/ledger.js';
import { BUILT } from './built.js';

export interface ProviderOptions {
  readonly instance: string;
  readonly folder: string;
  readonly ledgerFile: string;
  readonly signal: AbortSignal;
  readonly onUnexpectedEnd: (error: Error) => void;
}

/** Within the time after which the workers' config takes a request for dead. */
const SETTLES_WITHIN_MS = 800;
const SLOW_MS = 900;

/** The provider simulator as a process of its own, whose file of effects is the truth about money. */
export class Provider {
  readonly url: string;
  readonly #child: Child;
  readonly #ledgerFile: string;

  private constructor(child: Child, url: string, ledgerFile: string) {
    this.#child = child;
    this.url = url;
    this.#ledgerFile = ledgerFile;
  }

  static async start({ ledgerFile, signal, ...child }: ProviderOptions): Promise<Provider> {
    const args = [
      ...['simulator', '--port', '0', '--ledger', ledgerFile, '--json'],
      ...['--settles-within', String(SETTLES_WITHIN_MS), '--slow', String(SLOW_MS)],
    ];
    const process = Child.start({ ...child, name: 'provider', commandLine: BUILT, args, environment: {} });
    const { url } = await process.ready(signal);
    return new Provider(process, String(url), ledgerFile);
  }

  /** Replaces all fault rates from the next call on. */
  async setFaults(rates: FaultRates): Promise<void> {
    const answer = await fetch(`${this.url}/faults`, { method: 'PUT', body: JSON.stringify(rates) });
    if (!answer.ok) throw new Error(`the simulator answered ${answer.status}: ${await answer.text()}`);
  }

  /** Every call so far, from the file. */
  entries(): readonly SimulatorEntry[] {
    return readSimulatorLedger(this.#ledgerFile);
  }

  /** Calls for these messages. */
  callsFor(messageIds: readonly string[]): readonly SimulatorEntry[] {
    const wanted = new Set(messageIds);
    return this.entries().filter(({ messageId }) => wanted.has(messageId));
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
