import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from '../local/stack/processes/process-identity.js';

/** What is to be known of a process to tell who started whom. */
export interface ProcessFacts {
  readonly parent: number;
  /** Its command line. A process may have put a title in its place. */
  readonly words: readonly string[];
}

export interface StarterWatchOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called once, when the starter has gone. */
  readonly onGone: () => void;
  /** Pause between two looks, in ms. Default 1000. */
  readonly everyMs?: number;
}

const RUNNERS = /^(npm|npx|pnpm|yarn)\b/;
const SHELLS = /^(sh|bash|dash|ash|zsh)$/;

/**
 * The process ID of the npm (or npx, pnpm, yarn) that runs this command and waits for it: its parent, or the parent of the
 * shell that it runs commands with. Undefined: there is none. Whatever else has started it, such as a supervisor, `nohup`
 * or a shell, is none of them: there, to live on without the parent is what was asked for.
 */
export function findRunner(
  env: StarterWatchOptions['env'],
  parent: number,
  read: (pid: number) => ProcessFacts | undefined,
): number | undefined {
  if (env['npm_execpath'] === undefined && env['npm_command'] === undefined) return undefined;
  const facts = read(parent);
  if (facts === undefined) return undefined;
  if (isRunner(facts)) return parent;
  const [program = '', flag] = facts.words;
  if (!SHELLS.test(basename(program)) || flag !== '-c') return undefined;
  const above = read(facts.parent);
  return above !== undefined && isRunner(above) ? facts.parent : undefined;
}

/**
 * Tells when the npm that runs this process has gone: SIGTERM to `npx` ends npm and its shell, and is passed on to nobody,
 * so the process would work on with no one left who knows of it (npm/run-script 237). Returns how to end the watch.
 */
export function watchStarter({ env, onGone, everyMs = 1_000 }: StarterWatchOptions): () => void {
  const parent = process.ppid;
  const runner = findRunner(env, parent, readProcess);
  const identity = runner === undefined ? undefined : identify(runner);
  if (identity === undefined) return () => undefined;
  const timer = setInterval(() => {
    if (isThere(parent, identity)) return;
    clearInterval(timer);
    onGone();
  }, everyMs).unref();
  return () => clearInterval(timer);
}

/** Of the two in between, either may be the one that is killed. */
function isThere(parent: number, runner: ProcessIdentity): boolean {
  return process.ppid === parent && isAlive(runner);
}

/** npm's title is `npm exec ...`, in one word; without a title it is a script that node runs. */
function isRunner({ words }: ProcessFacts): boolean {
  return words.slice(0, 2).some((word) => RUNNERS.test(basename(word.split(' ', 1)[0] ?? '')));
}

function readProcess(pid: number): ProcessFacts | undefined {
  try {
    return process.platform === 'linux' ? readFromProc(pid) : readByPs(pid);
  } catch {
    // It is gone, or not ours to look at: then nothing is known of it, and nothing is made of it.
    return undefined;
  }
}

function readFromProc(pid: number): ProcessFacts {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command's name in brackets and may hold anything, brackets and spaces included.
  const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return { parent: Number(parent), words };
}

function readByPs(pid: number): ProcessFacts {
  const answer = execFileSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  const [parent, ...words] = answer.split(/\s+/);
  return { parent: Number(parent), words };
}
