import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { instanceFolder } from '../../../../src/local/stack/folders.js';
import { usualPorts } from '../../../../src/local/stack/ports.js';
import {
  dataFolder,
  deleteRecord,
  readRecord,
  readStack,
  type StackRecord,
  writeRecord,
} from '../../../../src/local/stack/state.js';

let stateHome: string;

beforeEach(() => {
  stateHome = mkdtempSync(join(tmpdir(), 'handover-state-'));
  vi.stubEnv('XDG_STATE_HOME', stateHome);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(stateHome, { recursive: true });
});

const record: StackRecord = {
  instance: 'default',
  engine: 'native',
  persist: false,
  ports: usualPorts(),
  processes: { redis: { pid: 1, started: '42' } },
  ready: true,
};

describe('the record of a stack', () => {
  it('is read as it was written, by whoever shares the state folder', () => {
    writeRecord(record);
    expect(readRecord('default')).toEqual(record);
  });

  it('tells where the services are reached', () => {
    writeRecord(record);
    expect(readStack('default')).toEqual({
      instance: 'default',
      persist: false,
      temporal: { address: '127.0.0.1:7233', namespace: 'default', ui: 'http://127.0.0.1:8233' },
      kafka: { brokers: ['127.0.0.1:9092'] },
      rocketmq: { endpoints: '127.0.0.1:8081', nameServer: '127.0.0.1:9876' },
      redis: { url: 'redis://127.0.0.1:6379' },
      logs: join(stateHome, 'handover', 'default', 'logs'),
    });
  });

  it('is no stack to work with while its services are still starting', () => {
    writeRecord({ ...record, ready: false });
    expect(readStack('default')).toBeUndefined();
  });

  it('is gone once deleted, and deleting it again is no error', () => {
    writeRecord(record);
    deleteRecord('default');
    deleteRecord('default');
    expect(readRecord('default')).toBeUndefined();
  });

  it('is named when it cannot be read', () => {
    writeRecord(record);
    const path = join(instanceFolder('default'), 'stack.json');
    writeFileSync(path, '{');
    expect(() => readRecord('default')).toThrow(`cannot be read: ${path}`);
  });
});

describe('folders', () => {
  it('keep persistent data apart from data that a stop wipes', () => {
    expect(dataFolder('default', true)).not.toBe(dataFolder('default', false));
  });

  it.each(['', '..', 'a/b', 'A', '-a', 'x'.repeat(41)])('are refused for an instance named %j', (instance) => {
    expect(() => readRecord(instance)).toThrow(expect.objectContaining({ code: 'wrong-use' }));
  });

  it('ignore a relative XDG folder, as its specification says', () => {
    vi.stubEnv('XDG_STATE_HOME', 'relative');
    vi.stubEnv('HOME', stateHome);
    expect(instanceFolder('default')).toBe(join(stateHome, '.local/state/handover/default'));
  });
});
