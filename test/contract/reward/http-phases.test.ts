import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startDeafListener } from '../../support/network/deaf-listener.js';
import { answerText, type RawServer, type RawServerOptions, startRawServer } from '../../support/network/raw-server.js';
import { attempt, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';

afterEach(releaseAll);

async function serve(options: RawServerOptions): Promise<RawServer> {
  const server = await startRawServer(options);
  releaseLater(() => server.close());
  return server;
}

const granting: RawServerOptions = { onRequest: (socket) => void socket.write(answerText(200)) };
const NOT_SENT = { outcome: 'not-executed', evidence: { phase: 'not-sent' } } as const;

/** Notes whether the connection ever came up, which is when the provider asks. */
function asked(answer = true) {
  const calls: number[] = [];
  return { calls, maySend: () => calls.push(1) > 0 && answer };
}

describe('a request of which no byte was handed to a socket was not executed', () => {
  it('when the connection is refused', async () => {
    const server = await startRawServer({});
    await server.close();
    const permission = asked();
    const result = await attempt(providerFor(server.url), permission);
    expect(result).toMatchObject(NOT_SENT);
    expect(result.evidence.detail).toContain('ECONNREFUSED');
    expect(permission.calls).toHaveLength(0);
  });

  it('when the name cannot be resolved', async () => {
    const permission = asked();
    const result = await attempt(providerFor('http://provider.invalid/rewards'), permission);
    expect(result).toMatchObject(NOT_SENT);
    expect(permission.calls).toHaveLength(0);
  });

  it('when the connection does not come up in time', async () => {
    const deaf = await startDeafListener();
    releaseLater(() => deaf.close());
    const permission = asked();
    const result = await attempt(providerFor(deaf.url, { connectTimeoutMs: 300 }), permission);
    expect(result).toMatchObject(NOT_SENT);
    expect(result.evidence.detail).toContain('no connection was up within 300 ms');
    expect(permission.calls).toHaveLength(0);
  });

  it('when the certificate is not trusted', async () => {
    const server = await serve({ ...granting, tls: selfSigned() });
    const permission = asked();
    const result = await attempt(providerFor(server.url), permission);
    expect(result).toMatchObject(NOT_SENT);
    expect(result.evidence.detail).toContain('TLS failed');
    expect(server.seen.bytes).toBe(0);
    expect(permission.calls).toHaveLength(0);
  });

  it.each<[string, RawServerOptions]>([
    ['never answers', {}],
    ['hangs up', { onBytes: (socket) => void socket.end() }],
    ['resets', { onBytes: (socket) => void socket.resetAndDestroy() }],
    ['answers in plain text', { onBytes: (socket) => void socket.write(answerText(200)) }],
  ])('when the TLS handshake fails, as the server %s', async (_what, options) => {
    const server = await serve(options);
    const permission = asked();
    const url = server.url.replace('http:', 'https:');
    const result = await attempt(providerFor(url, { connectTimeoutMs: 500 }), permission);
    expect(result).toMatchObject(NOT_SENT);
    expect(permission.calls).toHaveLength(0);
  });

  it('when the attempt is past its deadline once the connection is up', async () => {
    const server = await serve(granting);
    const late = asked(false);
    expect(await attempt(providerFor(server.url), late)).toMatchObject(NOT_SENT);
    expect(late.calls).toHaveLength(1);
    await sawTheEnd(server);
    expect(server.seen).toMatchObject({ connections: 1, bytes: 0 });
  });

  it('when asking whether it may be sent throws', async () => {
    const server = await serve(granting);
    const provider = providerFor(server.url);
    const maySend = () => {
      throw new Error('planted');
    };
    expect(await attempt(provider, { maySend, messageId: 'm-1' })).toMatchObject(NOT_SENT);
    expect(await attempt(provider, { messageId: 'm-2' })).toMatchObject({ outcome: 'granted' });
    expect(server.seen.requests.map(({ body }) => JSON.parse(body).messageId)).toEqual(['m-2']);
  });

  it('when the attempt is called off before, or while connecting', async () => {
    const server = await serve(granting);
    expect(await attempt(providerFor(server.url), { signal: AbortSignal.abort() })).toMatchObject(NOT_SENT);
    expect(server.seen.connections).toBe(0);

    const handshakes = await serve({});
    const abort = new AbortController();
    const calledOff = attempt(providerFor(handshakes.url.replace('http:', 'https:')), { signal: abort.signal });
    abort.abort();
    expect(await calledOff).toMatchObject(NOT_SENT);
  });

  it('when no connection became free in time, and then it is not sent later either', async () => {
    const firstAnswers: (() => void)[] = [];
    const server = await serve({
      onRequest: (socket, { count }) => {
        if (count === 1) firstAnswers.push(() => socket.write(answerText(200)));
        else socket.write(answerText(200));
      },
    });
    const provider = providerFor(server.url, { connections: 1, connectTimeoutMs: 300 });
    const first = attempt(provider, { messageId: 'first' });
    await expect.poll(() => firstAnswers.length).toBe(1);
    expect(await attempt(provider, { messageId: 'second' })).toMatchObject(NOT_SENT);
    firstAnswers[0]?.();
    expect(await first).toMatchObject({ outcome: 'granted' });
    // One that comes after it shows that its turn has come and gone.
    expect(await attempt(provider, { messageId: 'third' })).toMatchObject({ outcome: 'granted' });
    expect(server.seen.requests.map(({ body }) => JSON.parse(body).messageId)).toEqual(['first', 'third']);
  });

  it.each<[string, () => never]>([
    [
      'throws',
      () => {
        throw new Error('planted');
      },
    ],
    ['returns no body', () => ({ planted: true }) as never],
  ])("when the configuration's body function %s", async (_what, body) => {
    const server = await serve(granting);
    const result = await attempt(providerFor(server.url, { body }));
    expect(result).toMatchObject(NOT_SENT);
    expect(JSON.stringify(result)).not.toContain('planted');
    expect(await attempt(providerFor(server.url))).toMatchObject({ outcome: 'granted' });
    expect(server.seen.requests).toHaveLength(1);
  });

  it('when the provider was closed', async () => {
    const server = await serve(granting);
    const provider = providerFor(server.url);
    expect(await attempt(provider)).toMatchObject({ outcome: 'granted' });
    await provider.close?.();
    expect(await attempt(provider)).toMatchObject(NOT_SENT);
    expect(server.seen.requests).toHaveLength(1);
  });
});

describe('a request of which a byte was handed to a socket is never called not executed', () => {
  it.each([1, 10, 40, 100_000])('when the server resets after %i bytes of it', async (bytes) => {
    const server = await serve({
      onBytes: (socket, seen) => {
        if (seen.bytes >= bytes) socket.resetAndDestroy();
      },
    });
    const body = () => 'x'.repeat(200_000);
    const result = await attempt(providerFor(server.url, { body }));
    expect(result).toMatchObject({ outcome: 'unknown', evidence: { phase: 'sent' } });
    expect(server.seen.connections).toBe(1);
  });

  it('when the server resets a connection as soon as it is up: then it may have been read, or nothing was', async () => {
    for (let run = 0; run < 30; run++) {
      const server = await startRawServer({ onConnection: (socket) => void socket.resetAndDestroy() });
      const { outcome, evidence } = await attempt(providerFor(server.url));
      expect(['unknown', 'not-executed']).toContain(outcome);
      if (outcome === 'not-executed') expect(server.seen.bytes).toBe(0);
      else expect(evidence.phase).toBe('sent');
      await server.close();
    }
  });

  it('when the attempt is called off after it was sent', async () => {
    const server = await serve({});
    const abort = new AbortController();
    const result = attempt(providerFor(server.url), { signal: abort.signal });
    await expect.poll(() => server.seen.requests.length).toBe(1);
    abort.abort();
    expect(await result).toMatchObject({ outcome: 'unknown', evidence: { phase: 'sent' } });
  });

  it('when the provider is closed under it', async () => {
    const server = await serve({});
    const provider = providerFor(server.url);
    const result = attempt(provider);
    await expect.poll(() => server.seen.requests.length).toBe(1);
    await provider.close?.();
    expect(await result).toMatchObject({ outcome: 'unknown', evidence: { phase: 'sent' } });
  });
});

/** Waits until every connection has ended on the server's side too: whatever was written on it has been seen then. */
async function sawTheEnd(server: RawServer): Promise<void> {
  await expect.poll(() => server.seen.connections > 0 && server.seen.open === 0).toBe(true);
}

function selfSigned(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'handover-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    execFileSync('openssl', ['req', '-x509', ...newKey, ...subject, '-days', '2', '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
