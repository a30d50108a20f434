import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { grpcProxyHint, grpcProxyVariable, keepLoopbackDirect } from '../../../src/domain/loopback.js';

const PROXY = { http_proxy: 'http://127.0.0.1:9' };
const VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy'];

/** gRPC's own rule, which reads the environment: where it would connect to, to reach a host. */
const { mapProxyName } = createRequire(import.meta.url)('@grpc/grpc-js/build/src/http_proxy.js') as {
  mapProxyName: (target: object, options: object) => { target: { path: string } };
};
function isProxied(host: string): boolean {
  return mapProxyName({ scheme: 'dns', path: `${host}:7233` }, {}).target.path === '127.0.0.1:9';
}

const kept = new Map<string, string | undefined>();
beforeEach(() => {
  for (const name of VARIABLES) {
    kept.set(name, process.env[name]);
    delete process.env[name];
  }
});
afterEach(() => {
  for (const [name, value] of kept) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const HOSTS = ['localhost', '127.0.0.1', '127.9.9.9', 'temporal.example', '10.1.2.3', '10.2.0.1', '128.0.0.1'];

describe('a proxy variable', () => {
  it.for([
    {},
    PROXY,
    { ...PROXY, no_proxy: '.example' },
    { ...PROXY, no_proxy: '10.1.0.0/16,localhost' },
    { ...PROXY, no_grpc_proxy: 'x', no_proxy: '.example' },
  ])('is in force for the hosts for which gRPC says so, but for this machine itself: %o', (env) => {
    Object.assign(process.env, env);
    keepLoopbackDirect(process.env);
    for (const host of HOSTS)
      expect([host, grpcProxyVariable(host, env) !== undefined]).toEqual([host, isProxied(host)]);
    expect(isProxied('localhost') || isProxied('127.0.0.1')).toBe(false);
  });

  it('is named where it is in force, and nothing is said where it is not', () => {
    expect(grpcProxyHint('temporal.example:7233', PROXY)).toContain('http_proxy');
    expect(grpcProxyHint('temporal.example:7233', PROXY)).toContain('temporal.example in no_proxy');
    expect(grpcProxyHint('temporal.example:7233', {})).toBe('');
    expect(grpcProxyHint('127.0.0.1:7233', PROXY)).toBe('');
    expect(grpcProxyHint('[::1]:7233', PROXY)).toBe('');
  });

  it('changes nothing where there is none', () => {
    const env = { no_proxy: 'x' };
    keepLoopbackDirect(env);
    expect(env).toEqual({ no_proxy: 'x' });
  });
});
