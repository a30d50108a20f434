import { secrets } from '../config/secrets.js';
import { HandoverError, toError } from '../domain/errors.js';

/** Where a command writes. Results go to `stdout`, everything else to `stderr`, so that `--json` can be piped. */
export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

interface Writable {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Lines that tell how work is getting on, one per key. */
export interface Progress {
  /** Sets the line of `key`. On a terminal it is redrawn in place; elsewhere each change is a line of its own. */
  set(key: string, text: string): void;
  /** Leaves the lines as they are; what is printed next comes below them. */
  end(): void;
}

export interface Output {
  /** Prints the command's result: as one line of JSON with `--json`, else as the lines that `human` makes of it. */
  result<T>(value: T, human: (value: T) => readonly string[]): void;
  /** Prints one line for people, now. */
  say(line: string): void;
  progress(): Progress;
  /** Paints text, unless colour is unwelcome (NO_COLOR, or not a terminal). */
  paint(style: Style, text: string): string;
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

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
