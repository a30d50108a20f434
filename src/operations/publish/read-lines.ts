export interface Line {
  /** Counts from 1. */
  readonly number: number;
  /** Undefined if the line is no UTF-8 or longer than it may be. */
  readonly text: string | undefined;
}

/** Longest line, in bytes: well above the largest body that a broker takes. A longer one is not kept. */
const LONGEST_LINE_BYTES = 16 << 20;

const NEWLINE = 0x0a;

/** The lines of a stream as they come in, so that a file of any length takes the memory of one line. Blank ones are left out. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  longestBytes = LONGEST_LINE_BYTES,
): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;

  function keep(part: Buffer): void {
    length += part.length;
    if (length <= longestBytes) parts.push(part);
    else parts = [];
  }
  function finish(): Line | undefined {
    const text = length > longestBytes ? undefined : decode(Buffer.concat(parts));
    const line = text?.trim() === '' ? undefined : { number, text };
    parts = [];
    length = 0;
    number += 1;
    return line;
  }

  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, to));
      const line = finish();
      if (line !== undefined) yield line;
      from = to + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length === 0) return;
  const last = finish();
  if (last !== undefined) yield last;
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // It throws for one reason only: these bytes are not UTF-8.
    return undefined;
  }
}
