import { describe, expect, test } from 'vitest';
import { readRedisUrl } from '../../../../src/ledger/redis/connect.js';

describe('REDIS_URL', () => {
  test.each([
    ['redis://cache', { nodes: [{ host: 'cache', port: 6379 }], cluster: false, tls: false, db: 0 }],
    ['redis://127.0.0.1:6380/2', { nodes: [{ host: '127.0.0.1', port: 6380 }], cluster: false, tls: false, db: 2 }],
    ['redis://[::1]:6380', { nodes: [{ host: '::1', port: 6380 }], cluster: false, tls: false, db: 0 }],
    ['rediss://cache:6380?cluster=true', { nodes: [{ host: 'cache', port: 6380 }], cluster: true, tls: true, db: 0 }],
    [
      'redis://a:1, redis://b:2,redis://c',
      {
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: 'c', port: 6379 },
        ],
        cluster: true,
        tls: false,
        db: 0,
      },
    ],
  ])('%s', (url, target) => {
    expect(readRedisUrl(url)).toEqual(target);
  });

  test('gives the user and the password as they are meant', () => {
    expect(readRedisUrl('redis://us%40er:p%3Aass%2Fword@cache')).toMatchObject({
      username: 'us@er',
      password: 'p:ass/word',
    });
    expect(readRedisUrl('redis://:secret@cache')).toMatchObject({ password: 'secret' });
  });

  test.each([
    '',
    'cache:6379',
    'http://:s3cret@cache',
    'redis://:s3cret@',
    'redis://:s3cret@cache/first',
    'redis://:s3cret@cache/1?cluster=true',
    'redis://:s3cret@cache,',
    'redis://:s3%cret@cache',
  ])('%j is refused without a word of what it holds', (url) => {
    const refused = (): unknown => readRedisUrl(url);
    expect(refused).toThrow(expect.objectContaining({ code: 'config-invalid' }));
    expect(refused).not.toThrow(/s3/);
  });
});
