// Compiles the sources, copies the Lua scripts and a thread's own script beside them, and bundles the workflow code as production workers load it.
// All of it is made beside `dist` and put in its place when it is whole, so that what runs from `dist` finds its files.
import { execFileSync } from 'node:child_process';
import { chmod, cp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

const made = `${root}dist.${process.pid}`;
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

execFileSync(process.execPath, [tsc, '-p', `${root}tsconfig.json`, '--outDir', made], { stdio: 'inherit' });
await cp(`${root}src/ledger/redis/lua`, `${made}/ledger/redis/lua`, { recursive: true });
await cp(`${root}src/brokers/inflate/zstd-thread.mjs`, `${made}/brokers/inflate/zstd-thread.mjs`);
await chmod(`${made}/cli/main.js`, 0o755);

const { bundleWorkflowCode } = await import('@temporalio/worker');
const { code } = await bundleWorkflowCode({
  workflowsPath: `${made}/workflows/index.js`,
  logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
});
await writeFile(`${made}/workflow-bundle.js`, code);
await rm(`${root}dist`, { recursive: true, force: true });
await rename(made, `${root}dist`);
