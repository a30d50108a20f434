import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { answerText, type RawServer, type RawServerOptions, startRawServer } from '../../support/network/raw-server.js';
import { attempt, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';

afterEach(releaseAll);

async function serve(options: RawServerOptions): Promise<RawServer> {
  const server = await startRawServer(options);
  releaseLater(() => server.close());
  return server;
}

describe('a message is sent once per attempt', () => {
  // The pause between answer and close walks over the moments at which the next request may be written.
  it.each(['end', 'resetAndDestroy'] as const)(
    'on connections that the server closes when idle (%s)',
    async (close) => {
      let pause = 0;
      const server = await serve({
        onRequest: (socket) => {
          socket.write(answerText(200), () => setTimeout(() => socket[close](), pause++ % 5));
        },
      });
      const provider = providerFor(server.url, { connections: 1 });
      const outcomes = new Map<string, string>();
      for (let run = 0; run < 150; run++) {
        const messageId = `m-${run}`;
        outcomes.set(messageId, (await attempt(provider, { messageId })).outcome);
      }
      const received = server.seen.requests.map(({ body }) => JSON.parse(body).messageId as string);
      expect(new Set(received).size).toBe(received.length);
      for (const [messageId, outcome] of outcomes) {
        if (outcome === 'granted') expect(received).toContain(messageId);
        if (outcome === 'not-executed') expect(received).not.toContain(messageId);
      }
      expect([...outcomes.values()].filter((outcome) => outcome === 'granted').length).toBeGreaterThan(50);
    },
  );

  it('on a connection that the server closed well before', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await serve({
      onRequest: (socket) => {
        closed.push(once(socket, 'close'));
        socket.end(answerText(200));
      },
    });
    const provider = providerFor(server.url, { connections: 1 });
    for (const messageId of ['m-1', 'm-2', 'm-3']) {
      expect(await attempt(provider, { messageId })).toMatchObject({ outcome: 'granted' });
      await Promise.all(closed);
    }
    expect(server.seen).toMatchObject({ connections: 3 });
    expect(server.seen.requests).toHaveLength(3);
  });

  it('and connections are shared one request at a time', async () => {
    const busy = new Set<object>();
    let overlaps = 0;
    const server = await serve({
      onRequest: (socket) => {
        if (busy.has(socket)) overlaps++;
        busy.add(socket);
        setTimeout(() => {
          busy.delete(socket);
          socket.write(answerText(200));
        }, 5);
      },
    });
    const provider = providerFor(server.url, { connections: 4 });
    const results = await Promise.all(Array.from({ length: 60 }, (_, i) => attempt(provider, { messageId: `m-${i}` })));
    expect(results.every(({ outcome }) => outcome === 'granted')).toBe(true);
    expect(server.seen.requests).toHaveLength(60);
    expect(server.seen.connections).toBeLessThanOrEqual(4);
    expect(overlaps).toBe(0);
  });
});
