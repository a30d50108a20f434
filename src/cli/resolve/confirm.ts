import { createInterface } from 'node:readline/promises';
import { HandoverError } from '../../domain/errors.js';

/** A person's terminal, if there is one. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Has a person type a word before something is done that cannot be undone.
 * @throws HandoverError `wrong-use` without a terminal, `interrupted` if something else was typed
 */
export async function confirm(
  what: string,
  word: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (input.isTTY !== true || output.isTTY !== true) {
    throw new HandoverError('wrong-use', `${what} Nobody can be asked here.`, {
      hint: 'Nothing was resolved. Look at what is meant, then say it again with --yes.',
    });
  }
  const prompt = createInterface({ input, output });
  // Ctrl-C and Ctrl-D close it without an answer.
  const gone = new Promise<string>((resolve) => prompt.once('close', () => resolve('')));
  try {
    const typed = await Promise.race([prompt.question(`${what} Type ${word} to go on: `), gone]);
    if (typed.trim() !== word) throw new HandoverError('interrupted', 'Not confirmed: nothing was resolved.');
  } finally {
    prompt.close();
  }
}
