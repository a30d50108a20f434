// Compiles the sources, copies the Lua scripts beside them, and bundles the workflow code as production workers load it.
import { execFileSync } from 'node:child_process';
import { chmod, cp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

await rm(`${root}dist`, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [join(dirname(require.resolve('typescript/package.json')), 'bin/tsc'), '-p', `${root}tsconfig.json`],
  {
    stdio: 'inherit',
  },
);
await cp(`${root}src/ledger/lua`, `${root}dist/ledger/lua`, { recursive: true });
await chmod(`${root}dist/cli/main.js`, 0o755);

const { bundleWorkflowCode } = await import('@temporalio/worker');
const { code } = await bundleWorkflowCode({
  workflowsPath: `${root}dist/workflows/index.js`,
  logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
});
await writeFile(`${root}dist/workflow-bundle.js`, code);
