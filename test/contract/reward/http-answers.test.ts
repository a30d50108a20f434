import { afterEach, describe, expect, it } from 'vitest';
import type { GrantResult } from '../../../src/domain/reward/outcome.js';
import { answerText, type RawServerOptions, startRawServer } from '../../support/network/raw-server.js';
import { attempt, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';

afterEach(releaseAll);

async function answeredWith(text: string | string[], options: Parameters<typeof providerFor>[1] = {}) {
  const server = await startRawServer({
    onRequest: (socket) => {
      for (const part of [text].flat()) socket.write(part);
    },
  });
  releaseLater(() => server.close());
  const result = await attempt(providerFor(server.url, options));
  return { result, seen: server.seen };
}

async function served(serve: RawServerOptions, options: Parameters<typeof providerFor>[1] = {}): Promise<GrantResult> {
  const server = await startRawServer(serve);
  releaseLater(() => server.close());
  const result = await attempt(providerFor(server.url, options));
  expect(server.seen.requests.length).toBeLessThanOrEqual(1);
  return result;
}

describe('a whole answer decides, and the request is sent once', () => {
  it.each([200, 201, 202, 204, 299])('%i: granted', async (status) => {
    const { result, seen } = await answeredWith(status === 204 ? 'HTTP/1.1 204 No\r\n\r\n' : answerText(status));
    expect(result).toMatchObject({ outcome: 'granted', evidence: { phase: 'answered', status } });
    expect(seen.requests).toHaveLength(1);
  });

  it.each([400, 404, 410, 422])('%i: refused', async (status) => {
    const { result, seen } = await answeredWith(answerText(status));
    expect(result).toMatchObject({ outcome: 'refused', evidence: { phase: 'answered', status } });
    expect(seen.requests).toHaveLength(1);
  });

  it.each([401, 403, 407])('%i: not executed, and the worker is at fault', async (status) => {
    const { result } = await answeredWith(answerText(status));
    expect(result).toMatchObject({ outcome: 'not-executed', workerAtFault: true, evidence: { status } });
  });

  it.each([301, 302, 307, 308])('%i: unknown, and nobody follows it', async (status) => {
    const { result, seen } = await answeredWith(answerText(status, '', { Location: '/elsewhere' }));
    expect(result).toMatchObject({ outcome: 'unknown', evidence: { status } });
    expect(seen.requests).toHaveLength(1);
  });

  it.each([408, 409, 425, 500, 502, 504])('%i: unknown', async (status) => {
    const { result, seen } = await answeredWith(answerText(status, '{}', { 'Retry-After': '1' }));
    expect(result).toMatchObject({ outcome: 'unknown', evidence: { phase: 'answered', status } });
    expect(seen.requests).toHaveLength(1);
  });

  it('429: not executed, with the pause that the provider asks for', async () => {
    const { result } = await answeredWith(answerText(429, '{}', { 'Retry-After': '7' }));
    expect(result).toMatchObject({ outcome: 'not-executed', retryAfterMs: 7_000 });
    const { result: silent } = await answeredWith(answerText(429));
    expect(silent.outcome).toBe('not-executed');
    expect(silent).not.toHaveProperty('retryAfterMs');
    expect(silent).not.toHaveProperty('workerAtFault');
  });

  it('503: not executed if it says when to come again, else unknown', async () => {
    const { result } = await answeredWith(answerText(503, '{}', { 'Retry-After': '2' }));
    expect(result).toMatchObject({ outcome: 'not-executed', retryAfterMs: 2_000 });
    expect((await answeredWith(answerText(503))).result.outcome).toBe('unknown');
    expect((await answeredWith(answerText(503, '', { 'Retry-After': 'soon' }))).result.outcome).toBe('unknown');
  });

  it("reads a Retry-After date by the provider's own clock", async () => {
    const headers = { Date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'Retry-After': 'Sun, 06 Nov 1994 08:49:41 GMT' };
    const { result } = await answeredWith(answerText(503, '{}', headers));
    expect(result).toMatchObject({ outcome: 'not-executed', retryAfterMs: 4_000 });
  });

  it('lets the configuration decide where a provider differs', async () => {
    const statusClasses = { 404: 'not-executed', 409: 'granted', 503: 'unknown' } as const;
    expect((await answeredWith(answerText(404), { statusClasses })).result.outcome).toBe('not-executed');
    expect((await answeredWith(answerText(409), { statusClasses })).result.outcome).toBe('granted');
    const busy = answerText(503, '', { 'Retry-After': '1' });
    expect((await answeredWith(busy, { statusClasses })).result.outcome).toBe('unknown');
  });

  it('reads chunked answers, answers that end with the connection, and past early hints', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n';
    expect((await answeredWith(chunked)).result).toMatchObject({ outcome: 'granted', evidence: { bytes: 2 } });
    const hinted = ['HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', answerText(200)];
    expect((await answeredWith(hinted)).result.outcome).toBe('granted');
    const old = await served({ onRequest: (socket) => void socket.end('HTTP/1.0 200 OK\r\n\r\ngranted') });
    expect(old).toMatchObject({ outcome: 'granted', evidence: { bytes: 7 } });
  });

  it('reads an answer of just the allowed size, and none that is larger', async () => {
    const just = await answeredWith(answerText(200, 'x'.repeat(100)), { answerBytes: 100 });
    expect(just.result).toMatchObject({ outcome: 'granted', evidence: { bytes: 100 } });
    const larger = await answeredWith(answerText(200, 'x'.repeat(101)), { answerBytes: 100 });
    expect(larger.result).toMatchObject({ outcome: 'unknown', evidence: { phase: 'answered', status: 200 } });
    expect(larger.seen.requests).toHaveLength(1);
  });
});

describe('an answer that is not whole leaves the outcome unknown, and the request is sent once', () => {
  const cut = 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"granted":';
  const cutChunk = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"granted":\r\n';
  const cutClosing = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\n{"granted":';

  it.each([
    ['a body shorter than its length', cut],
    ['a chunked body without its end', cutChunk],
    ['a shorter body on a connection that was to close', cutClosing],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['an unasked-for 100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['a refusal that breaks off', cut.replace('200', '422')],
    ['a 429 that breaks off', cut.replace('200', '429')],
    ['nothing', ''],
  ])('%s', async (_what, text) => {
    const ended = await served({ onRequest: (socket) => void socket.end(text) });
    expect(ended.outcome).toBe('unknown');
    const reset = await served({ onRequest: (socket) => void socket.write(text, () => socket.resetAndDestroy()) });
    expect(reset.outcome).toBe('unknown');
  });

  it('no answer in time', async () => {
    const result = await served({}, { timeoutMs: 150 });
    expect(result).toMatchObject({ outcome: 'unknown', evidence: { phase: 'sent' } });
    expect(result.evidence).not.toHaveProperty('status');
  });

  it.each([
    ['head', ''],
    ['body', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'],
  ])('a %s that drips in without an end', async (_what, start) => {
    const onRequest: RawServerOptions['onRequest'] = (socket) => {
      socket.write(start === '' ? 'HTTP/1.1 200 OK\r\nX-Slow: ' : start);
      const drip = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(drip));
    };
    const result = await served({ onRequest }, { timeoutMs: 200 });
    expect(result.outcome).toBe('unknown');
  });
});
