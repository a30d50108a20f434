import { secrets } from '../config/secrets.js';
import { HandoverError, toError } from '../domain/errors.js';
import { type Output, type Progress, STYLES } from '../domain/output.js';
import { inOneLine } from '../domain/text.js';

/** Where a command writes. Results go to `stdout`, everything else to `stderr`, so that `--json` can be piped. */
export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

interface Writable {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface OutputOptions {
  readonly json?: boolean | undefined;
  readonly streams?: Streams;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The one way for a command to print. `json` is the command's own `--json` option. */
export function createOutput(options: OutputOptions = {}): Output {
  const { stdout, stderr } = options.streams ?? process;
  const environment = options.environment ?? process.env;
  const colour = stderr.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  const redraw = stderr.isTTY === true && environment['TERM'] !== 'dumb';
  return {
    result: (value, human) => {
      stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : human(value).map(withNewline).join(''));
    },
    say: (line) => {
      stderr.write(withNewline(line));
    },
    progress: () => (redraw ? redrawnProgress(stderr) : plainProgress(stderr)),
    paint: (style, text) => (colour ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text),
  };
}

function plainProgress(stream: Writable): Progress {
  const lines = new Map<string, string>();
  return {
    set(key, text) {
      if (lines.get(key) === text) return;
      lines.set(key, text);
      stream.write(withNewline(text));
    },
    end() {
      lines.clear();
    },
  };
}

function redrawnProgress(stream: Writable): Progress {
  const lines = new Map<string, string>();
  let drawn = 0;
  return {
    set(key, text) {
      if (lines.get(key) === text) return;
      lines.set(key, text);
      const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
      stream.write(up + [...lines.values()].map((line) => `\u001b[2K${line}\n`).join(''));
      drawn = lines.size;
    },
    end() {
      lines.clear();
      drawn = 0;
    },
  };
}

function withNewline(line: string): string {
  return `${line}\n`;
}

/** Exit codes: 0 it worked, 1 it failed, 2 it was used wrongly. */
export function exitCodeOf(error: unknown): 1 | 2 {
  if (!(error instanceof HandoverError)) return 1;
  return error.code === 'wrong-use' || error.code === 'connections-incomplete' || error.code === 'config-invalid'
    ? 2
    : 1;
}

/** What a person is told about an error: what happened, and what to do next. A stack trace only for faults of ours. */
export function describeError(thrown: unknown): readonly string[] {
  const error = toError(thrown);
  const lines =
    error instanceof HandoverError
      ? [`handover: ${error.message}`, ...(error.hint === undefined ? [] : [error.hint])]
      : [`handover: unexpected fault: ${error.stack ?? error.message}`];
  // Libraries put the address that they could not reach, password and all, into their messages.
  return lines.map((line) => secrets.redact(line));
}

/** Rows as lines with aligned columns, under a line of headings. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [headings, ...rows.map((row) => row.map(inOneLine))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
