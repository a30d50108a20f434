import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { Command } from 'commander';
import { HandoverError } from '../../domain/errors.js';
import type { Output } from '../../domain/output.js';
import type { PublishReport } from '../../operations/publish/publish-all.js';
import { interruptible } from '../interruptible.js';
import { createOutput } from '../output.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover publish messages.jsonl
  $ echo '{"businessId":"user-42","body":{"amount":5}}' | handover publish
  $ handover publish messages.jsonl --json | jq .failed

Each line is {"messageId"?, "businessId"?, "traceparent"?, "body"}; a line without a message ID is given a UUIDv7. A body
that is a string is sent as that text, any other as its JSON. Every message goes to both brokers.`;

interface PublishFlags extends ConnectionFlags {
  readonly json?: boolean;
}

/** Lines between two tidings for people. */
const TELL_EVERY = 1_000;

export function publishCommand(): Command {
  const command = new Command('publish')
    .description('Publish JSON Lines from a file, or from standard input, to both brokers.')
    .argument('[file]', 'default: standard input');
  return withConnectionFlags(command).addHelpText('after', EXAMPLES).action(publish);
}

async function publish(file: string | undefined, flags: PublishFlags): Promise<void> {
  const [{ createDualProducer }, { publishAll }, { readLines }] = await Promise.all([
    import('../../brokers/dual-producer.js'),
    import('../../operations/publish/publish-all.js'),
    import('../../operations/publish/read-lines.js'),
  ]);
  const output = createOutput(flags);
  const input = await openInput(file, output);
  const progress = output.progress();
  const { report, interrupted } = await withSession(flags, ({ connections, migration }) =>
    interruptible(async (signal) => {
      const { topics, body, limits } = migration;
      const rules = { body, bodyBytes: limits.bodyBytes };
      const producer = createDualProducer({ ...connections, topics, rules });
      try {
        const lines = readLines(untilAborted(input, signal));
        const done = await publishAll({ producer, lines, signal, onLine: tell });
        return { report: done, interrupted: signal.aborted };
      } finally {
        await producer.close();
      }
    }),
  );
  progress.end();
  output.result(report, describeReport);
  if (interrupted) throw new HandoverError('interrupted', 'Interrupted: the lines that follow were not published.');
  if (report.failed.length > 0) {
    throw new HandoverError('message-invalid', `${report.failed.length} lines were not published as they should.`);
  }

  function tell(published: number, failed: number): void {
    if ((published + failed) % TELL_EVERY === 0) progress.set('publish', `${published} published, ${failed} failed`);
  }
}

/** Opens it before anything is connected to. */
async function openInput(file: string | undefined, output: Output): Promise<Readable> {
  if (file === undefined) {
    if (process.stdin.isTTY) output.say('Reading lines from the terminal; Ctrl-D ends them.');
    return process.stdin;
  }
  const stream = createReadStream(file);
  try {
    await once(stream, 'open');
    return stream;
  } catch (cause) {
    throw new HandoverError('wrong-use', `${file} cannot be read.`, { cause });
  }
}

/** The input's chunks. An interruption ends them, rather than wait for a line that may never come. */
async function* untilAborted(input: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = (): void => void input.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    yield* input;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Failed lines that are listed for people; `--json` has them all. */
const LISTED = 20;

function describeReport({ published, failed }: PublishReport): readonly string[] {
  const more = failed.length - LISTED;
  return [
    ...failed.slice(0, LISTED).map(({ line, reason }) => `line ${line}: ${reason}`),
    ...(more > 0 ? [`... and ${more} more; --json lists them all`] : []),
    `${published} published, ${failed.length} failed`,
  ];
}
