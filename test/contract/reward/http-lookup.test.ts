import { afterEach, describe, expect, it } from 'vitest';
import { messageFor, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';
import { answerText, type RawServerOptions, startRawServer } from '../../support/raw-server.js';

afterEach(releaseAll);

async function lookup(options: RawServerOptions, { messageId = 'm-1', path = '/rewards/{messageId}?by=id' } = {}) {
  const server = await startRawServer(options);
  releaseLater(() => server.close());
  const provider = providerFor('http://127.0.0.1:1/rewards', {
    lookupUrl: `${server.url}${path}`,
    headers: { 'x-api-key': 'key-1' },
    connectTimeoutMs: 300,
    timeoutMs: 300,
  });
  const answer = await provider.lookup?.(messageFor(messageId), { signal: new AbortController().signal });
  return { answer, seen: server.seen };
}

describe('a lookup', () => {
  it.each([
    [200, 'granted'],
    [404, 'absent'],
    [204, 'unknown'],
    [301, 'unknown'],
    [401, 'unknown'],
    [410, 'unknown'],
    [500, 'unknown'],
    [503, 'unknown'],
  ])('answered %i means %s', async (status, expected) => {
    const { answer } = await lookup({ onRequest: (socket) => void socket.write(answerText(status)) });
    expect(answer).toBe(expected);
  });

  it.each<[string, RawServerOptions]>([
    ['no answer', {}],
    ['a reset', { onRequest: (socket) => void socket.resetAndDestroy() }],
    [
      'a 404 that breaks off',
      { onRequest: (socket) => void socket.end('HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nno') },
    ],
    [
      'a 200 that breaks off',
      { onRequest: (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok') },
    ],
  ])('with %s cannot tell', async (_what, options) => {
    expect((await lookup(options)).answer).toBe('unknown');
  });

  it("asks for the message by its encoded ID, with the provider's headers", async () => {
    const { seen } = await lookup(
      { onRequest: (socket) => void socket.write(answerText(200)) },
      { messageId: 'a/b?c=d#e~f' },
    );
    const [request] = seen.requests;
    expect(request?.head).toMatch(/^GET \/rewards\/a%2Fb%3Fc%3Dd%23e~f\?by=id HTTP\/1\.1\r\n/);
    expect(request?.head).toContain('x-api-key: key-1');
    expect(request?.head).not.toMatch(/content-type/i);
  });

  it.each(['.', '..'])('of the message "%s" is not made, as the path would lead elsewhere', async (messageId) => {
    const options = { onRequest: (socket: { write(text: string): void }) => socket.write(answerText(200)) };
    const { answer, seen } = await lookup(options, { messageId });
    expect(answer).toBe('unknown');
    expect(seen.requests).toHaveLength(0);
  });

  it('is there only where its URL is configured', () => {
    expect(providerFor('http://127.0.0.1:1/').lookup).toBeUndefined();
  });
});
