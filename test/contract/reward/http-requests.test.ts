import { afterEach, describe, expect, it } from 'vitest';
import { answerText, type RawServer, type RawServerOptions, startRawServer } from '../../support/network/raw-server.js';
import { attempt, messageFor, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';

afterEach(releaseAll);

async function serve(options: RawServerOptions): Promise<RawServer> {
  const server = await startRawServer(options);
  releaseLater(() => server.close());
  return server;
}

const granting: RawServerOptions = { onRequest: (socket) => void socket.write(answerText(200)) };

describe('what is sent, and what is told of it', () => {
  it("is the message's own body as JSON, with its trace", async () => {
    const server = await serve(granting);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { signal } = new AbortController();
    const message = { ...messageFor('m-1'), body: Buffer.from(' {"ü": 1}\n'), traceparent };
    await providerFor(`${server.url}/a/b?c=d`).grant(message, { attempt: 1, signal, maySend: () => true });
    const [request] = server.seen.requests;
    expect(request?.head).toMatch(/^POST \/a\/b\?c=d HTTP\/1\.1\r\n/);
    expect(request?.head).toMatch(/\r\ncontent-type: application\/json\r\n/i);
    expect(request?.head).toContain(`traceparent: ${traceparent}`);
    expect(request?.body).toBe(' {"ü": 1}\n');
  });

  it('is what the configuration makes of it', async () => {
    const server = await serve(granting);
    const options = {
      method: 'PUT',
      headers: { 'Content-Type': 'text/plain', 'X-Tenant': 'acme' },
      idempotencyHeader: 'Idempotency-Key',
      body: ({ messageId }: { messageId: string }) => `reward ${messageId}`,
    } as const;
    await attempt(providerFor(server.url, options), { messageId: 'a:b/c' });
    const [request] = server.seen.requests;
    expect(request?.head).toMatch(/^PUT \/ /);
    expect(request?.head).toMatch(/content-type: text\/plain/);
    expect(request?.head).not.toContain('application/json');
    expect(request?.head).toMatch(/x-tenant: acme/);
    expect(request?.head).toMatch(/idempotency-key: a:b\/c/);
    expect(request?.body).toBe('reward a:b/c');
  });

  it('holds the secrets that it needs, and the evidence none of them', async () => {
    const server = await serve({ onRequest: (socket) => void socket.write(answerText(200, '"planted-answer"')) });
    const url = server.url
      .replace('http://', 'http://user:planted%21word@')
      .concat('/planted-path?token=planted-token');
    const headers = { 'x-api-key': 'planted-key' };
    const result = await attempt(providerFor(url, { headers }));
    const [request] = server.seen.requests;
    expect(request?.head).toContain(`authorization: Basic ${Buffer.from('user:planted!word').toString('base64')}`);
    expect(request?.head).toContain('x-api-key: planted-key');
    const broken = await attempt(providerFor(url, { headers, answerBytes: 1 }));
    const unsent = await attempt(providerFor(url.replace(/:\d+\//, ':1/'), { headers }));
    expect(unsent.outcome).toBe('not-executed');
    expect(JSON.stringify([result, broken, unsent])).not.toContain('planted');
  });
});
