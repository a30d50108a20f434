import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dockerAnswers, dockerIsUp, startDocker, stopDocker } from '../../../../src/local/stack/docker-stack.js';
import { usualPorts } from '../../../../src/local/stack/ports.js';
import type { StackRecord } from '../../../../src/local/stack/state.js';

/** Stands in for the `docker` command; no engine is needed to prove what it is asked to do. */
let folder: string;

async function fakeDocker(script: string): Promise<void> {
  const path = join(folder, 'docker');
  await writeFile(path, `#!/bin/sh\necho "$@" >> ${folder}/calls\n${script}\n`);
  await chmod(path, 0o755);
}

async function calls(): Promise<readonly string[]> {
  return (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
}

const record: StackRecord = {
  instance: 'boxed',
  engine: 'docker',
  persist: false,
  ports: usualPorts(),
  processes: {},
  ready: false,
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handover-docker-'));
  vi.stubEnv('PATH', `${folder}${delimiter}${dirname(process.execPath)}${delimiter}/usr/bin${delimiter}/bin`);
  vi.stubEnv('XDG_STATE_HOME', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('Docker is used', () => {
  it('where its engine answers and it has Compose', async () => {
    await fakeDocker('exit 0');
    expect(await dockerAnswers()).toBe(true);
  });

  it.each([
    ['its engine does not answer', 'exit 1'],
    ['it has no Compose', 'test "$1" = version'],
  ])('not where %s', async (_, script) => {
    await fakeDocker(script);
    expect(await dockerAnswers()).toBe(false);
  });

  it('not where it is not installed', async () => {
    vi.stubEnv('PATH', folder);
    expect(await dockerAnswers()).toBe(false);
  });
});

describe('a stack in Docker', () => {
  it('that does not start says where its services have printed why', async () => {
    await fakeDocker('case "$*" in *logs*) echo "kafka: out of space";; *) exit 1;; esac');
    const log = join(folder, 'handover', 'boxed', 'logs', 'docker.log');
    await expect(startDocker(record, () => undefined)).rejects.toMatchObject({
      code: 'stack-failed',
      hint: `What its services printed: ${log}`,
    });
    expect(await readFile(log, 'utf8')).toBe('kafka: out of space\n');
    expect((await calls())[0]).toMatch(/ up --detach --wait /);
  });

  it('is up while any of its containers runs', async () => {
    await fakeDocker('echo 0123456789ab');
    expect(await dockerIsUp(record)).toBe(true);
    await fakeDocker('exit 0');
    expect(await dockerIsUp(record)).toBe(false);
  });

  it('takes its volumes with it when it stops, unless data is to persist', async () => {
    await fakeDocker('exit 0');
    await stopDocker(record, () => undefined);
    await stopDocker({ ...record, persist: true }, () => undefined);
    const [volatile, persistent] = await calls();
    expect(volatile).toMatch(/--project-name handover-boxed .* down --volumes$/);
    expect(persistent).toMatch(/ down$/);
  });
});
