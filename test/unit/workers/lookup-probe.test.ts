import { describe, expect, it } from 'vitest';
import { isMessageId } from '../../../src/domain/message/message.js';
import type { LookupReport } from '../../../src/domain/reward/outcome.js';
import type { HttpLookupOptions } from '../../../src/reward/http/options.js';
import { type LookupProbe, startLookupProbe } from '../../../src/workers/lookup-probe.js';

const absentWhen = { status: [404], text: 'NONE' };
const grantedWhen = { status: [200], text: 'DONE' };
const marked: HttpLookupOptions = { url: 'http://h/{messageId}', grantedWhen, absentWhen };

const notFound: LookupReport = { result: 'unknown', status: 404, detail: 'h answered 404, without a mark.' };
const unreachable: LookupReport = { result: 'unknown', detail: 'h was not asked: no connection.' };
const none: LookupReport = { result: 'absent', status: 404, detail: 'h answered 404, with the mark of absentWhen.' };
const all: LookupReport = { result: 'granted', status: 200, detail: 'h answered 200, with the mark of grantedWhen.' };

interface Probed {
  readonly probe: LookupProbe;
  readonly asked: string[];
  readonly lines: { readonly level: string; readonly message: string }[];
  readonly pauses: number[];
}

/** Asks until the answers are at their end, and is stopped in the pause after that. */
async function probed(answers: readonly (LookupReport | Error)[], lookup = marked): Promise<Probed> {
  const [asked, pauses]: [string[], number[]] = [[], []];
  const lines: Probed['lines'] = [];
  const write = (level: string) => (_fields: object, message: string) => void lines.push({ level, message });
  let isThrough: () => void = () => undefined;
  const through = new Promise<void>((resolve) => {
    isThrough = resolve;
  });
  const probe = startLookupProbe({
    lookup,
    log: { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') },
    provider: {
      grant: () => expect.unreachable('nothing is granted'),
      async lookup({ messageId }) {
        asked.push(messageId);
        const answer = answers[asked.length - 1] ?? none;
        if (asked.length >= answers.length) setImmediate(isThrough);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    async pause(ms, signal) {
      pauses.push(ms);
      if (asked.length < answers.length) return;
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  await through;
  return { probe, asked, lines, pauses };
}

describe('a worker that has a lookup', () => {
  it('asks it once for a message that never was, and is content with the mark of an absence', async () => {
    const { probe, asked, lines } = await probed([none]);
    await probe.stop();
    expect(asked).toHaveLength(1);
    expect(isMessageId(asked[0] ?? '')).toBe(false);
    expect(lines).toEqual([{ level: 'info', message: expect.stringContaining('the lookup says absent') }]);
    expect(probe.fault()).toBeUndefined();
  });

  it('warns of a path that does not exist, of rejected credentials, of what cannot be reached, each once', async () => {
    const rejected = { ...notFound, status: 401, detail: 'h answered 401, without a mark.' };
    const answers = [notFound, notFound, rejected, unreachable, new Error('secret'), none];
    const { probe, asked, lines } = await probed(answers);
    await probe.stop();
    expect(asked).toHaveLength(answers.length);
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn', 'warn', 'info']);
    expect(lines[0]?.message).toMatch(/never was.*answered 404.*mend provider\.lookup/);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('asks it ever more seldom, five minutes apart at last, until it can tell', async () => {
    const { probe, pauses } = await probed(Array.from({ length: 30 }, () => unreachable));
    await probe.stop();
    expect(pauses.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    expect(Math.max(...pauses)).toBe(300_000);
  });

  it('does not believe one that says granted of a message that never was, until that has changed', async () => {
    const { probe, lines } = await probed([all]);
    expect(probe.fault()).toMatch(/granted of a message that never was/);
    expect(lines).toEqual([{ level: 'error', message: expect.stringContaining('count as unknown') }]);
    await probe.stop();
    const mended = await probed([all, none]);
    expect(mended.probe.fault()).toBeUndefined();
    await mended.probe.stop();
  });

  it('is told which line to add where the config has no marks, and what the lookup answers', async () => {
    const bare: LookupReport = { ...notFound, inVain: true };
    const { probe, asked, lines } = await probed([bare], { url: marked.url });
    await probe.stop();
    expect(asked).toHaveLength(1);
    expect(lines[0]).toEqual({
      level: 'warn',
      message: expect.stringMatching(/lookupUrl has no marks.*lookup: \{ url:.*absentWhen/),
    });
    expect(lines[1]?.message).toMatch('answered 404');
  });

  it('is content with any answer of the provider where no mark of an absence is set', async () => {
    const { probe, asked } = await probed([{ ...notFound, status: 400 }], { url: marked.url, grantedWhen });
    await probe.stop();
    expect(asked).toHaveLength(1);
  });
});
