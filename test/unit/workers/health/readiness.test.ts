import { beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../../../src/domain/log.js';
import { Readiness } from '../../../../src/workers/health/readiness.js';

let now = 0;
let reasons: string[] = [];
let unchecked: string[] = [];
let lines: string[] = [];
const tell = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
const log: Log = { debug: tell, info: tell, warn: tell, error: tell };
let readiness: Readiness;

beforeEach(() => {
  now = 0;
  reasons = [];
  unchecked = [];
  lines = [];
  readiness = new Readiness(log, () => now);
  readiness.add(() => reasons);
  readiness.addUnchecked(() => unchecked);
});

function lookAt(seconds: number): void {
  for (; now <= seconds * 1_000; now += 1_000) readiness.look();
}

describe('why a process is not ready', () => {
  it('is not logged while it may pass by itself, as every start has reasons for a moment', () => {
    reasons = ['temporal: not connected'];
    lookAt(4);
    reasons = [];
    lookAt(120);
    expect(lines).toEqual([]);
  });

  it('is logged once it lasts, then once a minute although its words change, and once when it is gone', () => {
    reasons = ['temporal: not connected'];
    lookAt(60);
    expect(lines).toEqual(['not ready {"reason":"temporal: not connected","seconds":5}']);
    reasons = ['temporal: still not connected'];
    lookAt(120);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('temporal: still not connected');
    reasons = [];
    lookAt(600);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^ready again .*"temporal"/);
  });

  it('is logged for each dependency', () => {
    reasons = ['temporal: away', 'kafka: away'];
    lookAt(10);
    expect(lines).toHaveLength(2);
  });

  it('is said once where two parts say it, with how long it lasts', () => {
    readiness.add(() => reasons);
    reasons = ['ledger: it is being rebuilt'];
    lookAt(60);
    expect(readiness.reasons).toEqual(reasons);
    expect(readiness.lasting).toEqual([{ what: 'ledger: it is being rebuilt', forMs: now }]);
  });

  it('is logged whole where two parts give different ones of the same subject', () => {
    reasons = ['policy: Redis holds version 9, which no command has made', 'policy: it is not known'];
    lookAt(5);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Redis holds version 9');
    expect(lines[0]).toContain('it is not known');
  });

  it('is not what work waits for outside of the process: that is logged as it lasts, and shown with its time', () => {
    let waits: string[] = ['provider: none of the last 7 attempts has settled a message'];
    readiness.addWaits(() => waits);
    lookAt(70);
    expect(readiness.reasons).toEqual([]);
    expect(readiness.waits).toEqual([{ what: waits[0], forMs: now }]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^ready, and work waits .*provider: none of the last/);
    waits = [];
    lookAt(80);
    expect(lines).toHaveLength(3);
  });

  it('does not hold what could only not be checked, which is logged in the same way', () => {
    unchecked = ['retention: Kafka does not say'];
    lookAt(70);
    expect(readiness.reasons).toEqual([]);
    expect(readiness.unchecked).toEqual(unchecked);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('retention: Kafka does not say');
  });
});
