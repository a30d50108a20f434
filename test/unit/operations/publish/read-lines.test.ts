import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Line, readLines } from '../../../../src/operations/publish/read-lines.js';

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function linesOf(bytes: Buffer, size: number, longest?: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(chunked(bytes, size), longest)) lines.push(line);
  return lines;
}

test('lines come with their numbers, however the stream is cut, and blank ones are left out', async () => {
  const line = fc.oneof(
    fc.constantFrom('', ' ', '\r'),
    fc.string({ unit: 'grapheme' }).map((text) => text.replace(/\n/g, '')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), fc.boolean(), async (texts, size, ended) => {
      const bytes = Buffer.from(texts.join('\n') + (ended ? '\n' : ''));
      const expected = bytes
        .toString()
        .split('\n')
        .map((text, i) => ({ number: i + 1, text }));
      expect(await linesOf(bytes, size)).toEqual(expected.filter(({ text }) => text.trim() !== ''));
    }),
  );
});

test('a line that is not UTF-8 or too long has no text, and those around it are as they were', async () => {
  const bytes = Buffer.concat([
    Buffer.from('one\n'),
    Buffer.from([0xff, 0xfe, 0x0a]),
    Buffer.from('much too long\nfour'),
  ]);
  for (const size of [1, 5, 1_000]) {
    expect(await linesOf(bytes, size, 8)).toEqual([
      { number: 1, text: 'one' },
      { number: 2, text: undefined },
      { number: 3, text: undefined },
      { number: 4, text: 'four' },
    ]);
  }
});
