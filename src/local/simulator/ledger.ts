import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Fault } from './faults.js';

/** One line of the simulator's ledger: a call, or an effect that came after its call was over. */
export interface SimulatorEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly messageId: string;
  /** Calls for this message so far, this one included. */
  readonly attempt: number;
  /** Whether the reward was given by this entry. The one thing that counts. */
  readonly effect: 'granted' | 'none';
  readonly fault: Fault | null;
  /** SHA-256 of the request's body. */
  readonly bodyHash: string;
}

export interface SimulatorSummary {
  readonly calls: number;
  /** Rewards given, repeats included. */
  readonly effects: number;
  /** Messages that were rewarded at least once. */
  readonly rewarded: number;
  /** Messages that were rewarded more than once. */
  readonly duplicates: readonly string[];
  /** Calls hit by each fault. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

/**
 * The simulated provider's own truth: an append-only file of JSON lines. Each line is written, in one piece, before the
 * answer that it stands for, so whoever saw an answer finds its line even if the simulator was killed right after.
 */
export class SimulatorLedger {
  readonly #file: number;
  readonly #entries: SimulatorEntry[];
  readonly #attempts = new Map<string, number>();
  readonly #effects = new Map<string, number>();

  private constructor(file: number, entries: SimulatorEntry[]) {
    this.#file = file;
    this.#entries = entries;
    for (const entry of entries) this.#index(entry);
  }

  /** Opens the ledger and goes on where it ends. */
  static open(path: string): SimulatorLedger {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'a+');
    const text = readFileSync(path, 'utf8');
    // A killed simulator may have left half a line, whose answer nobody can have seen.
    if (text !== '' && !text.endsWith('\n')) writeSync(file, '\n');
    return new SimulatorLedger(file, parseLines(text));
  }

  /** Counts a call; answers which one it is for its message, from 1. */
  countAttempt(messageId: string): number {
    const attempt = (this.#attempts.get(messageId) ?? 0) + 1;
    this.#attempts.set(messageId, attempt);
    return attempt;
  }

  append(entry: SimulatorEntry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#entries.push(entry);
    this.#index(entry);
  }

  isGranted(messageId: string): boolean {
    return this.#effects.has(messageId);
  }

  effects(): readonly SimulatorEntry[] {
    return this.#entries.filter(({ effect }) => effect === 'granted');
  }

  summary(): SimulatorSummary {
    return summarize(this.#entries);
  }

  close(): void {
    closeSync(this.#file);
  }

  #index({ messageId, attempt, effect }: SimulatorEntry): void {
    this.#attempts.set(messageId, Math.max(attempt, this.#attempts.get(messageId) ?? 0));
    if (effect === 'granted') this.#effects.set(messageId, (this.#effects.get(messageId) ?? 0) + 1);
  }
}

/** Reads a ledger file that a simulator has written, running or not. */
export function readSimulatorLedger(path: string): readonly SimulatorEntry[] {
  return parseLines(readFileSync(path, 'utf8'));
}

export function summarize(entries: readonly SimulatorEntry[]): SimulatorSummary {
  const effects = new Map<string, number>();
  const faults: Partial<Record<Fault, number>> = {};
  const calls = new Set<string>();
  for (const { messageId, attempt, effect, fault } of entries) {
    if (effect === 'granted') effects.set(messageId, (effects.get(messageId) ?? 0) + 1);
    const call = JSON.stringify([messageId, attempt]);
    if (calls.has(call)) continue;
    calls.add(call);
    if (fault !== null) faults[fault] = (faults[fault] ?? 0) + 1;
  }
  return {
    calls: calls.size,
    effects: [...effects.values()].reduce((sum, count) => sum + count, 0),
    rewarded: effects.size,
    duplicates: [...effects].filter(([, count]) => count > 1).map(([messageId]) => messageId),
    faults,
  };
}

/** Every whole line; half a line can only be where a simulator was killed while it wrote. */
function parseLines(text: string): SimulatorEntry[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{') || !line.endsWith('}')) return [];
    return [JSON.parse(line) as SimulatorEntry];
  });
}
