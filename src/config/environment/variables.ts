import { readFileSync } from 'node:fs';
import { secrets } from '../secrets.js';

/** Environment variables, as of `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads environment variables and gathers what is wrong with them. A blank one counts as not set, as compose files and
 * shells leave them behind. Faults name the variable, never its value.
 */
export class Variables {
  readonly #env: Environment;
  readonly #faults: string[];

  constructor(env: Environment, faults: string[]) {
    this.#env = env;
    this.#faults = faults;
  }

  /** Whether the variable, or its `_FILE` twin, says anything. */
  isSet(name: string): boolean {
    return this.text(name) !== undefined || this.text(`${name}_FILE`) !== undefined;
  }

  text(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === '' ? undefined : value;
  }

  /** The value of a variable, or of the file that its `_FILE` twin names; a secret from now on. */
  secret(name: string): string | undefined {
    const value = this.textOrFile(name);
    secrets.add(value);
    return value;
  }

  /** The same for a URL, of which only the credentials and the query are secret. */
  url(name: string): string | undefined {
    const value = this.textOrFile(name);
    // A list of URLs may hold a secret in each.
    for (const url of [value, ...(value?.split(',') ?? [])]) if (url !== undefined) secrets.addUrl(url.trim());
    return value;
  }

  /** The same for what is kept with secrets, but is none: a name, say. */
  textOrFile(name: string): string | undefined {
    const value = this.text(name);
    if (this.text(`${name}_FILE`) === undefined) return value;
    if (value !== undefined) {
      this.fault(name, `is set, and ${name}_FILE too: leave one of them out`);
      return value;
    }
    const content = this.file(`${name}_FILE`)?.trim();
    if (content === '') this.fault(`${name}_FILE`, 'names an empty file');
    return content === '' ? undefined : content;
  }

  /** The content of the file that a variable names. */
  file(name: string): string | undefined {
    const path = this.text(name);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'no reason given';
      this.fault(name, `names a file that cannot be read (${code})`);
      return undefined;
    }
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (['true', '1', 'yes', 'on'].includes(value)) return true;
    if (['false', '0', 'no', 'off'].includes(value)) return false;
    this.fault(name, 'must be true or false');
    return undefined;
  }

  fault(name: string, what: string): void {
    this.#faults.push(`${name}: ${what}`);
  }
}

/** Splits a list and leaves out what is blank. */
export function listOf(text: string, separator: RegExp): string[] {
  return text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Whether a text is `host:port`: a name, an IPv4 address, or an IPv6 one in brackets. */
export function isHostAndPort(text: string): boolean {
  const match = /^(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text);
  const port = Number(match?.[1]);
  return port >= 1 && port <= 65_535;
}
