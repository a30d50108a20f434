import { createHash } from 'node:crypto';
import { mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { HandoverError } from '../../domain/errors.js';
import { stateFolder } from './folders.js';
import {
  allPorts,
  BLOCK_SIZE,
  BLOCKS,
  blockPorts,
  FIRST_BLOCK,
  PORTS,
  type PortName,
  type StackPorts,
} from './ports.js';

/**
 * Free ports of its own for an instance that is not `default`: a block that no other instance has claimed. The claim is a
 * file, so that two stacks started at the same moment cannot choose the same; it stands until {@link releaseBlock}.
 * @throws HandoverError `port-taken` if no block is free.
 */
export async function claimBlock(instance: string): Promise<StackPorts> {
  await mkdir(claimsFolder(), { recursive: true });
  const first = firstBlock(instance);
  for (let step = 0; step < BLOCKS; step++) {
    const block = (first + step) % BLOCKS;
    const ports = blockPorts(block);
    const claim = await claimOrReadOwner(block, instance);
    if (claim.owner !== instance) continue;
    if ((await findTaken(ports)) === undefined) return ports;
    await unlink(claimFile(block));
  }
  throw new HandoverError('port-taken', `No free ports were found from ${FIRST_BLOCK} upwards.`, {
    hint: 'Stop other instances with: handover down --instance NAME',
  });
}

export async function releaseBlock(instance: string, ports: StackPorts): Promise<void> {
  const block = (ports.temporal - FIRST_BLOCK) / BLOCK_SIZE;
  if (!Number.isInteger(block) || block < 0 || block >= BLOCKS) return;
  if ((await readOwner(block)) === instance) await unlink(claimFile(block));
}

/** Spread by state folder too: users of one machine do not see each other's claims. */
function firstBlock(instance: string): number {
  return createHash('sha256').update(`${stateFolder()}:${instance}`).digest().readUInt32BE() % BLOCKS;
}

function claimsFolder(): string {
  return join(stateFolder(), '.ports');
}

function claimFile(block: number): string {
  return join(claimsFolder(), String(block));
}

async function claimOrReadOwner(block: number, instance: string): Promise<{ readonly owner: string | undefined }> {
  try {
    await writeFile(claimFile(block), instance, { flag: 'wx' });
    return { owner: instance };
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return { owner: await readOwner(block) };
    throw error;
  }
}

async function readOwner(block: number): Promise<string | undefined> {
  try {
    return await readFile(claimFile(block), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The first port of the given ones on which something already listens. */
async function findTaken(ports: StackPorts): Promise<{ name: PortName; number: number } | undefined> {
  for (const one of allPorts(ports)) if (!(await isFree(one.number))) return one;
  return undefined;
}

/** @throws HandoverError `port-taken`, naming the first port that is not free and how to move it. */
export async function checkPortsFree(ports: StackPorts): Promise<void> {
  const taken = await findTaken(ports);
  if (taken === undefined) return;
  const { title, flag, variable, usual } = PORTS[taken.name];
  throw new HandoverError('port-taken', `Port ${taken.number}, which ${title} needs, is already in use.`, {
    hint:
      `Stop what listens there (ss -ltnp 'sport = :${taken.number}' names it), move ours with --${flag} or ${variable} ` +
      `(usually ${usual}), or take an instance with ports of its own: --instance NAME.`,
  });
}

function isFree(number: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (hasCode(error, 'EADDRINUSE') ? resolve(false) : reject(error)));
    server.listen({ host: '127.0.0.1', port: number, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
