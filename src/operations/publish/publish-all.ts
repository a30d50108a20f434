import type { DualProducer, SendReport } from '../../brokers/dual-producer.js';
import { HandoverError } from '../../domain/errors.js';
import { SIDES } from '../../domain/side.js';
import { readPublishLine } from './publish-line.js';
import type { Line } from './read-lines.js';

export interface FailedLine {
  /** Its number, counting from 1. */
  readonly line: number;
  readonly reason: string;
}

/** What `publish --json` promises. */
export interface PublishReport {
  /** Messages that both brokers took. */
  readonly published: number;
  /** In the order of their lines. */
  readonly failed: readonly FailedLine[];
}

export interface PublishOptions {
  readonly producer: Pick<DualProducer, 'send'>;
  readonly lines: AsyncIterable<Line>;
  /** Once aborted no further line is published; those under way are finished. */
  readonly signal?: AbortSignal;
  /** Messages under way at once. Default 64. */
  readonly concurrency?: number;
  /** Told after each line. */
  readonly onLine?: (published: number, failed: number) => void;
}

/** Publishes every line that is a message, and reports those that are none or that not both brokers took. */
export async function publishAll(options: PublishOptions): Promise<PublishReport> {
  const { producer, lines, signal, concurrency = 64, onLine } = options;
  let published = 0;
  const failed: FailedLine[] = [];
  const faults: unknown[] = [];
  const underWay = new Set<Promise<void>>();

  async function publish({ number, text }: Line): Promise<void> {
    try {
      const reason = await tryPublish(producer, text);
      if (reason === undefined) published += 1;
      else failed.push({ line: number, reason });
      onLine?.(published, failed.length);
    } catch (error) {
      faults.push(error);
    }
  }

  for await (const line of lines) {
    if (signal?.aborted || faults.length > 0) break;
    const work = publish(line).then(() => void underWay.delete(work));
    underWay.add(work);
    if (underWay.size >= concurrency) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  // Not a matter of one line: the loop has ended at the first, and what was under way is done.
  if (faults.length > 0) throw faults[0];
  return { published, failed: failed.sort((a, b) => a.line - b.line) };
}

/** Why not both brokers took it, or undefined. */
async function tryPublish(producer: Pick<DualProducer, 'send'>, text: string | undefined): Promise<string | undefined> {
  if (text === undefined) return 'it is not UTF-8, or too long';
  const message = readPublishLine(text);
  if (typeof message === 'string') return message;
  try {
    return describeHalves(await producer.send(message));
  } catch (error) {
    if (error instanceof HandoverError && error.code === 'message-invalid') return error.message;
    throw error;
  }
}

function describeHalves(report: SendReport): string | undefined {
  const halves = SIDES.map((side) => {
    const half = report[side];
    if (half === undefined) return { side, why: 'nothing was sent' };
    return { side, why: half.ok ? undefined : half.error.message };
  });
  const failures = halves.filter(({ why }) => why !== undefined);
  if (failures.length === 0) return undefined;
  const told = failures.map(({ side, why }) => `${side} did not: ${why}`).join('; ');
  const [taken] = halves.filter(({ why }) => why === undefined);
  const fate = taken === undefined ? 'no side is known to have taken it' : `${taken.side} took it`;
  return `${fate}; ${told}; send it again with the message ID ${report.messageId}`;
}
