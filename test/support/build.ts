import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url));

/** The command that tests start as processes: the one that the build makes, workflow bundle included, as in production. */
export const BUILT_COMMAND: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Builds it anew from the sources that are tested. */
export function setup(): void {
  execFileSync(process.execPath, [script], { stdio: 'inherit' });
}
