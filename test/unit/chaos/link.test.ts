import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Link } from '../../chaos/network/link.js';

/** A service that repeats what it is told, and keeps it. */
let service: Server;
let told: string;
let link: Link;
const clients: Socket[] = [];

beforeEach(async () => {
  told = '';
  service = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (piece) => {
        told += piece;
        socket.write(piece);
      });
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  link = await Link.open((service.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await link.close();
  service.close();
  await once(service, 'close');
});

interface Client {
  readonly socket: Socket;
  /** Resolves with the code of the error that it ended with, or `end`. */
  readonly ended: Promise<string>;
  heard(): string;
}

function join(): Client {
  const socket = connect(link.port, '127.0.0.1');
  clients.push(socket);
  let heard = '';
  socket.on('data', (piece) => {
    heard += piece;
  });
  const ended = new Promise<string>((resolve) => {
    socket
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
      .on('close', () => resolve('end'));
  });
  return { socket, ended, heard: () => heard };
}

it('carries everything, in both directions', async () => {
  const client = join();
  client.socket.write('one');
  await expect.poll(() => client.heard()).toBe('one');
  expect(link.counts).toMatchObject({ reset: 0, refused: 0, lost: 0, held: 0 });
});

it('loses an answer after the service has done what it was asked, and resets the connection', async () => {
  const client = join();
  link.loseAnswers(1);
  client.socket.write('one');
  expect(await client.ended).toBe('ECONNRESET');
  expect([told, client.heard()]).toEqual(['one', '']);
  expect(link.counts.lost).toBe(1);
  const next = join();
  next.socket.write('two');
  await expect.poll(() => next.heard()).toBe('two');
});

it('holds requests back until it is healed, and tells what it holds', async () => {
  const client = join();
  link.hold('requests');
  client.socket.write('one');
  await expect.poll(() => link.holds('one')).toBe(true);
  expect(told).toBe('');
  link.heal();
  await expect.poll(() => client.heard()).toBe('one');
  expect(link.counts.held).toBeGreaterThan(0);
});

it('never delivers what it held of a client that has died meanwhile', async () => {
  const client = join();
  link.hold('requests');
  client.socket.write('one');
  await expect.poll(() => link.holds('one')).toBe(true);
  client.socket.resetAndDestroy();
  await client.ended;
  const next = join();
  next.socket.write('two');
  await expect.poll(() => link.holds('two')).toBe(true);
  link.heal();
  await expect.poll(() => next.heard()).toBe('two');
  expect(told).toBe('two');
});

it('resets what is up, and turns new ones away while it refuses', async () => {
  const client = join();
  client.socket.write('one');
  await expect.poll(() => client.heard()).toBe('one');
  link.refuse();
  expect(await client.ended).toBe('ECONNRESET');
  expect(await join().ended).toBe('ECONNRESET');
  await expect.poll(() => link.counts).toMatchObject({ reset: 1, refused: 1 });
  link.heal();
  const next = join();
  next.socket.write('two');
  await expect.poll(() => next.heard()).toBe('two');
});

it('is not there at all while the service is off the network, and then at the same port', async () => {
  const { port } = link;
  link.vanish();
  const turnedAway = connect(port, '127.0.0.1');
  const [error] = await once(turnedAway, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  link.heal();
  await expect.poll(() => canConnect(port)).toBe(true);
});

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  clients.push(socket);
  return once(socket, 'connect').then(
    () => true,
    () => false,
  );
}
