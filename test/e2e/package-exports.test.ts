import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Imported {
  readonly names: readonly string[];
  /** Packages of which any file was loaded, by the module loader or by `require`. */
  readonly packages: readonly string[];
}

const asUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;

/** Writes down every ES module that is loaded; what CommonJS loads is in its own cache. */
const HOOK = asUrl(`
  import { appendFileSync } from 'node:fs';
  export async function load(url, context, next) {
    if (url.startsWith('file:')) appendFileSync(process.env.LOADED, url + '\\n');
    return next(url, context);
  }
`);
const REGISTER = asUrl(`import { register } from 'node:module'; register(${JSON.stringify(HOOK)});`);

/** Imports it in a process of its own, as a program does that has the package installed. */
function importOf(specifier: string): Imported {
  const folder = mkdtempSync(join(tmpdir(), 'handover-exports-'));
  const LOADED = join(folder, 'loaded');
  const program = `
    import { appendFileSync } from 'node:fs';
    import { Module } from 'node:module';
    const imported = await import(${JSON.stringify(specifier)});
    appendFileSync(process.env.LOADED, Object.keys(Module._cache).join('\\n'));
    console.log(JSON.stringify(Object.keys(imported)));
  `;
  try {
    const flags = ['--import', REGISTER, '--input-type=module', '--eval', program];
    const env = { ...process.env, LOADED };
    const names = JSON.parse(execFileSync(process.execPath, flags, { cwd: root, env, encoding: 'utf8' })) as string[];
    const loaded = readFileSync(LOADED, 'utf8').matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//g);
    return { names, packages: [...new Set([...loaded].map(([, name = '']) => name))].sort() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isForbidden = (name: string): boolean =>
  name.startsWith('@temporalio/') || ['ioredis', 'commander', 'pino', 'prom-client'].includes(name);

describe('the package', () => {
  it('exports for producers what writes to both brokers, and loads neither Temporal nor Redis nor the command line for it', () => {
    const { names, packages } = importOf('handover/producer');
    expect(names).toEqual(expect.arrayContaining(['createDualProducer', 'STAMPS', 'isMessageId', 'bucketOf']));
    // What is looked for would be found: the clients of the brokers are.
    expect(packages).toEqual(expect.arrayContaining(['kafkajs', 'rocketmq-client-nodejs']));
    expect(packages.filter(isForbidden)).toEqual([]);
  });

  it('exports for tests a provider without idempotency, which needs no other package', () => {
    const { names, packages } = importOf('handover/testing');
    expect(names).toEqual(expect.arrayContaining(['startSimulator', 'readSimulatorLedger', 'SIMULATOR_LOOKUP']));
    expect(packages).toEqual([]);
  });

  it('exports to everybody what a configuration is written with', () => {
    expect(importOf('handover').names).toEqual(
      expect.arrayContaining(['defineMigration', 'createDualProducer', 'HandoverError']),
    );
  });
});
