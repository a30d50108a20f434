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

export const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = keyof typeof STYLES;
