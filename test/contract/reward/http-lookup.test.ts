import { afterEach, describe, expect, it } from 'vitest';
import type { LookupReport } from '../../../src/domain/reward/outcome.js';
import type { HttpLookupOptions } from '../../../src/reward/http/options.js';
import { answerText, type RawServerOptions, startRawServer } from '../../support/network/raw-server.js';
import { messageFor, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';

afterEach(releaseAll);

const MARKS: Omit<HttpLookupOptions, 'url'> = {
  grantedWhen: {
    status: [200],
    json: [
      { pointer: '/state', anyOf: ['DONE'] },
      { pointer: '/id', anyOf: ['{messageId}'] },
    ],
  },
  absentWhen: { status: [404], json: [{ pointer: '/code', anyOf: ['GRANT_NOT_FOUND'] }] },
};

interface Asked {
  readonly messageId?: string;
  readonly path?: string;
  readonly marks?: Omit<HttpLookupOptions, 'url'>;
}

async function lookup(options: RawServerOptions, asked: Asked = {}) {
  const { messageId = 'm-1', path = '/rewards/{messageId}?by=id', marks = MARKS } = asked;
  const server = await startRawServer(options);
  releaseLater(() => server.close());
  const provider = providerFor('http://127.0.0.1:1/rewards', {
    lookup: { url: `${server.url}${path}`, ...marks },
    headers: { 'x-api-key': 'key-1' },
    connectTimeoutMs: 300,
    timeoutMs: 300,
    answerBytes: 1_000,
  });
  const answer = await provider.lookup?.(messageFor(messageId), { signal: new AbortController().signal });
  return { answer: answer as LookupReport, seen: server.seen };
}

const answering = (status: number, body?: string, headers?: Record<string, string>): RawServerOptions => ({
  onRequest: (socket) => void socket.write(answerText(status, body, headers)),
});

describe('a lookup', () => {
  it.each([
    [200, '{"state":"DONE","id":"m-1"}', 'granted'],
    [404, '{"code":"GRANT_NOT_FOUND"}', 'absent'],
    [404, '{"code":"GRANT_NOT_FOUND","id":"m-2"}', 'absent'],
  ])("answered %i %s is known for the provider's by its mark: %s", async (status, body, result) => {
    const { answer } = await lookup(answering(status, body));
    expect(answer).toMatchObject({ result, status, detail: expect.stringContaining(`answered ${status}`) });
  });

  it.each([
    ["a gateway's bare 404", 404, ''],
    ["a gateway's 404 in HTML", 404, '<html><h1>404 Not Found</h1></html>'],
    ["a gateway's 404 in JSON", 404, '{"message":"no Route matched with those values"}'],
    ['a bare 200', 200, ''],
    ['a sign-in page', 200, '<html>Sign in</html>'],
    ['a state in between', 200, '{"state":"PENDING","id":"m-1"}'],
    ["another message's state, say from a cache", 200, '{"state":"DONE","id":"m-2"}'],
    ['the mark of a grant with the status of an absence', 404, '{"state":"DONE","id":"m-1"}'],
    ['no content', 204, ''],
    ['a redirect', 301, ''],
    ['wrong credentials', 401, '{"code":"GRANT_NOT_FOUND"}'],
    ['too many requests', 429, ''],
    ['a fault', 500, ''],
    ['a gateway without a provider', 502, '<html></html>'],
    ['an answer above the bound', 404, `{"code":"GRANT_NOT_FOUND","pad":"${'x'.repeat(1_000)}"}`],
  ])('answered by %s cannot tell', async (_what, status, body) => {
    const { answer } = await lookup(answering(status, body, { 'Content-Type': 'text/html; charset=utf-8' }));
    expect(answer).toMatchObject({ result: 'unknown', status });
    expect(answer.inVain).toBeUndefined();
    expect(answer.detail.length).toBeLessThan(300);
    expect(answer.detail).not.toMatch(/Sign in|no Route|GRANT_NOT_FOUND|xxx/);
  });

  it('says what was answered and what was missing, for the person who has to find out', async () => {
    const { answer } = await lookup(answering(404, '<html></html>', { 'Content-Type': 'text/html; charset=utf-8' }));
    expect(answer.detail).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ answered 404 \(text\/html\), without a mark: not grantedWhen, as the status is not 200; not absentWhen, as the body is not JSON\.$/,
    );
  });

  it.each<[string, RawServerOptions]>([
    ['no answer', {}],
    ['a reset', { onRequest: (socket) => void socket.resetAndDestroy() }],
    [
      'an absence that breaks off',
      {
        onRequest: (socket) =>
          void socket.end('HTTP/1.1 404 No\r\nContent-Length: 99\r\n\r\n{"code":"GRANT_NOT_FOUND"}'),
      },
    ],
    [
      'a grant that breaks off',
      {
        onRequest: (socket) =>
          void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"state":"DONE","id":"m-1"}'),
      },
    ],
  ])('with %s cannot tell', async (_what, options) => {
    expect((await lookup(options)).answer).toMatchObject({ result: 'unknown' });
  });

  it('whose answer meets both conditions cannot tell', async () => {
    const marks = { grantedWhen: { status: [200], text: 'DONE' }, absentWhen: { status: [200], text: 'NONE' } };
    const { answer } = await lookup(answering(200, 'DONE NONE'), { marks });
    expect(answer).toMatchObject({ result: 'unknown', detail: expect.stringContaining('both') });
  });

  it('of a config without marks cannot tell, whatever it answers, and says so', async () => {
    for (const status of [200, 404]) {
      const { answer } = await lookup(answering(status), { marks: {} });
      expect(answer).toMatchObject({ result: 'unknown', status, inVain: true });
      expect(answer.detail).toMatch('does not say by which mark');
    }
  });

  it('is known by a header as well', async () => {
    const marks = { absentWhen: { status: [404], headers: [{ name: 'x-grant', anyOf: ['none of {messageId}'] }] } };
    const absent = await lookup(answering(404, '', { 'X-Grant': 'none of m-1' }), { marks });
    expect(absent.answer.result).toBe('absent');
    const other = await lookup(answering(404, '', { 'X-Grant': 'none of m-2' }), { marks });
    expect(other.answer.result).toBe('unknown');
  });

  it("asks for the message by its encoded ID, with the provider's headers", async () => {
    const { seen } = await lookup(answering(200), { messageId: 'a/b?c=d#e~f' });
    const [request] = seen.requests;
    expect(request?.head).toMatch(/^GET \/rewards\/a%2Fb%3Fc%3Dd%23e~f\?by=id HTTP\/1\.1\r\n/);
    expect(request?.head).toContain('x-api-key: key-1');
    expect(request?.head).not.toMatch(/content-type/i);
  });

  it.each(['.', '..'])('of the message "%s" is not made, as the path would lead elsewhere', async (messageId) => {
    const { answer, seen } = await lookup(answering(200), { messageId });
    expect(answer).toMatchObject({ result: 'unknown', inVain: true });
    expect(seen.requests).toHaveLength(0);
  });

  it('is there only where it is configured', () => {
    expect(providerFor('http://127.0.0.1:1/').lookup).toBeUndefined();
  });
});
