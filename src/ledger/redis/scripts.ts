import { readFileSync } from 'node:fs';

/** Every script of the ledger with how many of its arguments are keys. Its text is `lua/<name>.lua`. */
export const SCRIPTS = {
  route: 1,
  unroute: 1,
  claim: 1,
  adopt: 1,
  begin: 1,
  'begin-witnessed': 2,
  clear: 1,
  park: 1,
  reopen: 1,
  settle: 1,
  resume: 1,
  strand: 1,
  read: 1,
  state: 1,
  index: 1,
  'waiting-enter': 1,
  'policy-read': 1,
  'policy-publish': 3,
  'dead-letter-add': 3,
  'process-tell': 1,
  'process-read': 1,
  'mark-beat': 1,
  'mark-open': 1,
  'mark-close': 1,
  'mark-progress': 1,
} as const satisfies Record<string, number>;

export type ScriptName = keyof typeof SCRIPTS;

/** The name under which the client has a script; no command of Redis begins like this. */
export function commandOf(script: ScriptName): string {
  return `handover:${script}`;
}

/** The scripts as ioredis's option `scripts` takes them: sent whole once per connection, by their hash from then on. */
export function loadScripts(): Record<string, { lua: string; numberOfKeys: number }> {
  const names = Object.keys(SCRIPTS) as ScriptName[];
  return Object.fromEntries(
    names.map((name) => [commandOf(name), { lua: textOf(`${name}.lua`, new Set()), numberOfKeys: SCRIPTS[name] }]),
  );
}

/** A script's text with each fragment that it includes, directly or not, put in once, where it is first named. */
function textOf(file: string, included: Set<string>): string {
  const text = readFileSync(new URL(`./lua/${file}`, import.meta.url), 'utf8');
  return text.replace(/^-- @include (\S+)$/gm, (_line, fragment: string) => {
    if (included.has(fragment)) return '';
    included.add(fragment);
    return textOf(fragment, included);
  });
}
