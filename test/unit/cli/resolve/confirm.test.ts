import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from '../../../../src/cli/resolve/confirm.js';

function terminal(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = Object.assign(new PassThrough(), { isTTY });
  return { input, output };
}

test('goes on once the word was typed', async () => {
  const { input, output } = terminal(true);
  const confirmed = confirm('12 of 40 parked messages are to be answered granted.', '12', { input, output });
  input.write('12\n');
  await confirmed;
  expect(String(output.read())).toContain('12 of 40 parked messages are to be answered granted. Type 12 to go on');
});

test.each(['y\n', '1\n', '\n'])('stops at any other word: %j', async (typed) => {
  const { input, output } = terminal(true);
  const confirmed = confirm('12 are meant.', '12', { input, output });
  input.write(typed);
  await expect(confirmed).rejects.toMatchObject({ code: 'interrupted' });
});

test('stops when the terminal ends without a word', async () => {
  const { input, output } = terminal(true);
  const confirmed = confirm('12 are meant.', '12', { input, output });
  input.end();
  await expect(confirmed).rejects.toMatchObject({ code: 'interrupted' });
});

test('asks for --yes where there is no terminal, and says what is meant', async () => {
  await expect(confirm('12 are meant.', '12', terminal(false))).rejects.toMatchObject({
    code: 'wrong-use',
    message: expect.stringContaining('12 are meant.'),
    hint: expect.stringContaining('--yes'),
  });
});
