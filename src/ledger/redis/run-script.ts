import { Cluster } from 'ioredis';
import { toLedgerError, unreadable } from '../ledger-error.js';
import { askCluster } from './cluster.js';
import type { RedisClient } from './connect.js';
import { commandOf, type ScriptName } from './scripts.js';

type Argument = string | number;
type Command = (...args: readonly Argument[]) => Promise<unknown>;

/** What a call is told as where it fails. */
export interface Purpose {
  /** What is being done, as in `claim`. */
  readonly what: string;
  readonly messageId?: string;
}

/** Runs a script and answers its flat array of strings. */
export async function runScript(
  client: RedisClient,
  script: ScriptName,
  keys: readonly string[],
  args: readonly Argument[],
  purpose: Purpose,
): Promise<string[]> {
  const reply = await call(client, commandOf(script), keys, args, purpose);
  if (Array.isArray(reply) && reply.every((item) => typeof item === 'string')) return reply;
  throw unreadable(purpose.what, `the script ${script} answered something else than texts`, purpose.messageId);
}

/** Runs a script whose answer holds raw bytes. */
export async function runScriptForBytes(
  client: RedisClient,
  script: ScriptName,
  keys: readonly string[],
  args: readonly Argument[],
  purpose: Purpose,
): Promise<Buffer[]> {
  const reply = await call(client, `${commandOf(script)}Buffer`, keys, args, purpose);
  if (Array.isArray(reply) && reply.every((item) => Buffer.isBuffer(item))) return reply;
  throw unreadable(purpose.what, `the script ${script} answered something else than bytes`, purpose.messageId);
}

/** Sends a command of `client` and awaits the answer. Faults are ours, see toLedgerError. */
export async function ask<T>(client: RedisClient, purpose: Purpose, send: () => Promise<T>): Promise<T> {
  try {
    return await (client instanceof Cluster ? askCluster(client, send) : send());
  } catch (error) {
    const { what, messageId } = purpose;
    throw toLedgerError(error, messageId === undefined ? what : `${what} message ${messageId}`, messageId);
  }
}

function call(
  client: RedisClient,
  command: string,
  keys: readonly string[],
  args: readonly Argument[],
  purpose: Purpose,
): Promise<unknown> {
  const run = (client as unknown as Record<string, Command | undefined>)[command];
  if (run === undefined) throw new TypeError(`this Redis client does not have ${command}: make it by connectRedis`);
  return ask(client, purpose, () => run.call(client, ...keys, ...args));
}
