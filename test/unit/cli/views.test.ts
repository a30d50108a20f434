import { describe, expect, test } from 'vitest';
import { describeDeadLetters, describeRecord } from '../../../src/cli/render/message.js';
import { describePolicy } from '../../../src/cli/render/policy.js';
import { describeStatus } from '../../../src/cli/render/status.js';
import type { FoundReport, ProcessReport } from '../../../src/domain/flow/process-report.js';
import type { LedgerRecord } from '../../../src/domain/ledger/record.js';
import { describeLost } from '../../../src/domain/message/lost-delivery.js';
import { initialPolicy } from '../../../src/domain/policy/policy.js';
import { viewDeadLetter } from '../../../src/operations/dead-letters.js';
import { readRecord, viewRecord } from '../../../src/operations/inspect.js';
import { viewPolicy } from '../../../src/operations/policy/policy-view.js';
import { readStatus, type StatusSources } from '../../../src/operations/status.js';

const NOON = Date.UTC(2026, 10, 23, 12);

const parked: LedgerRecord = {
  messageId: 'm-1',
  state: 'parked',
  owner: 'rocketmq',
  reason: 'bucket 812 <= 1000',
  policyVersion: 4,
  fingerprint: '0123456789abcdef',
  seen: { kafka: true, rocketmq: true },
  run: '01a206f0-7039-709b-85bb-df4a55ad3ae7',
  round: 2,
  attempt: 3,
  movedAt: NOON,
  evidence: { phase: 'answered', status: 502, detail: 'the answer was 502' },
};
const assigned: LedgerRecord = {
  messageId: 'm-2',
  state: 'assigned',
  owner: 'kafka',
  reason: 'switch off',
  policyVersion: 1,
  fingerprint: '0123456789abcdef',
  seen: { kafka: false, rocketmq: true },
  round: 0,
  attempt: 0,
};

describe('inspect', () => {
  test('prints what is promised, and null for what is unknown', () => {
    expect(viewRecord(parked)).toEqual({
      messageId: 'm-1',
      state: 'parked',
      owner: 'rocketmq',
      reason: 'bucket 812 <= 1000',
      policyVersion: 4,
      run: '01a206f0-7039-709b-85bb-df4a55ad3ae7',
      round: 2,
      attempt: 3,
      outcome: null,
      seen: { kafka: true, rocketmq: true },
      copies: null,
      stranded: null,
    });
    expect(viewRecord(assigned)).toMatchObject({ run: null, outcome: null });
  });

  test("tells what the provider's lookup said", () => {
    const lookup = {
      result: 'unknown',
      detail: 'h answered 404, without a mark.',
      status: 404,
      askedAt: NOON,
    } as const;
    const asked: LedgerRecord = { ...parked, evidence: { phase: 'sent', detail: 'no answer', lookup } };
    expect(viewRecord(asked)).toMatchObject({ lookup });
    expect(describeRecord(asked, undefined).join('\n')).toMatch(
      /lookup +unknown, asked 2026-11-23T12.*: h answered 404, without a mark/,
    );
  });

  test('tells a person what to type for a message that is parked, or stranded', () => {
    const lines = describeRecord(parked, 'http://ui/m-1').join('\n');
    expect(lines).toContain('handover resolve m-1 granted --round 2');
    expect(lines).toContain('http://ui/m-1');
    const stranded = describeRecord({ ...parked, stranded: 'its run was terminated' }, undefined).join('\n');
    expect(stranded).toContain('handover resume m-1');
    expect(stranded).not.toContain('handover resolve');
  });

  test('sends nobody to resume what has no workflow, and says where its copies lie', () => {
    const copies = { rocketmq: 'rocketmq:rewards/b/0/7' };
    const note = describeLost({ ...assigned, copies }, 'rocketmq', 'its copy cannot be read again');
    const lines = describeRecord({ ...assigned, copies, stranded: note }, undefined).join('\n');
    expect(lines).toContain('copy      rocketmq:rewards/b/0/7');
    expect(lines).toContain('Publish it again');
    expect(lines).not.toContain('handover resume');
  });

  test('fails with message-unknown where there is no record', async () => {
    await expect(readRecord({ read: async () => undefined }, 'm\n-1')).rejects.toMatchObject({
      code: 'message-unknown',
      message: 'The ledger has no record of message m -1.',
    });
  });
});

describe('policy show', () => {
  const policy = { ...initialPolicy('2026-11-23T12:00:00.000Z'), version: 3, hundredths: 29, allow: ['a'] };

  test('prints what is promised', () => {
    expect(viewPolicy(policy)).toEqual({
      version: 3,
      consumption: 'off',
      percentage: 0.29,
      allow: ['a'],
      failover: 'none',
      updatedAt: '2026-11-23T12:00:00.000Z',
      actor: 'handover',
      reason: 'created on first need',
    });
  });

  test('tells a person that nothing has an effect while the switch is off', () => {
    expect(describePolicy(viewPolicy(policy)).join('\n')).toContain('percentage and whitelist have no effect');
    expect(describePolicy(viewPolicy({ ...policy, consumption: 'on' })).join('\n')).not.toContain('no effect');
  });
});

describe('status', () => {
  const found = (processId: string, ageMs: number, report: ProcessReport): FoundReport => ({
    processId,
    at: NOON - ageMs,
    ageMs,
    report,
  });
  const reported: ProcessReport = {
    consumes: true,
    http: '127.0.0.1:9464',
    reasons: [{ what: 'temporal: no connection', forMs: 4_000 }],
    holds: [],
    unchecked: [],
    inHand: { stages: [{ stage: 'starting', count: 2, forMs: 4_000 }], quietMs: 4_000 },
  };
  const noOne = async () => [];
  const sources: StatusSources = {
    policyStore: { read: async () => ({ known: false, reason: 'missing', readAt: NOON }) },
    marks: { view: async () => ({ phase: 'recovering' }) },
    ledger: {
      count: async () => ({ assigned: 1, claimed: 2, sending: 3, parked: 4, settled: 5, stranded: 6, unreadable: 2 }),
      now: async () => NOON,
    },
    deadLetters: { count: async () => ({ kafka: 7, rocketmq: 8 }) },
    sideStatus: { isAlive: async (side) => side === 'kafka', skipped: async (side) => (side === 'kafka' ? 15 : 0) },
    processReports: { read: async (side) => (side === 'kafka' ? [found('p-1', 0, reported)] : []) },
    rewards: async (side) => (side === 'kafka' ? { waiting: 9, noWorker: true } : undefined),
  };

  test('prints what is promised, and null for what is unknown', async () => {
    const since = '2026-11-23T11:59:56.000Z';
    expect(await readStatus(sources)).toEqual({
      at: '2026-11-23T12:00:00.000Z',
      policy: null,
      ledger: { phase: 'recovering', progress: null, recovery: null },
      messages: { assigned: 1, claimed: 2, sending: 3, parked: 4, settled: 5 },
      deadLettered: { kafka: 7, rocketmq: 8 },
      stranded: 6,
      unreadable: 2,
      sides: {
        kafka: {
          alive: true,
          rewards: { waiting: 9, noWorker: false, slow: true },
          skipped: 15,
          processes: [
            {
              process: 'p-1',
              state: 'not-ready',
              reportedAt: '2026-11-23T12:00:00.000Z',
              consumes: true,
              http: '127.0.0.1:9464',
              reasons: [{ what: 'temporal: no connection', since }],
              holds: [],
              unchecked: [],
              inHand: [{ stage: 'starting', count: 2, waitsFor: expect.any(String), since }],
              nothingAcceptedSince: since,
            },
          ],
        },
        rocketmq: { alive: false, rewards: null, skipped: 0, processes: [] },
      },
    });
  });

  test('shows a person a reward that nobody picks up as "no worker", and what is unknown as unknown', async () => {
    const dead = { sideStatus: { ...sources.sideStatus, isAlive: async () => false }, processReports: { read: noOne } };
    const lines = describeStatus(await readStatus({ ...sources, ...dead })).join('\n');
    expect(lines).toContain('no worker: 9 rewards wait');
    expect(lines).toContain('15 positions of kafka were deleted before they were read');
    expect(lines).not.toContain('positions of rocketmq');
    expect(lines).toMatch(/rocketmq {5}no sign of life.*; its waiting rewards are unknown/);
    expect(lines).toContain('next: start a worker of it: handover worker --side rocketmq');
    // One that is there and full is not one that is missing.
    const full = describeStatus(await readStatus(sources)).join('\n');
    expect(full).not.toContain('no worker');
    expect(full).toContain('9 rewards wait, and not for moments only: its workers are full');
    expect(lines).toContain('policy       unknown');
    expect(lines).toContain('ledger       is being rebuilt from Temporal');
  });

  test('says within a look that a process of a side stands still, which, why, and that one is gone', async () => {
    const reads: Record<string, FoundReport[]> = {
      kafka: [found('p-1', 0, reported), found('p-2', 30_000, { ...reported, reasons: [] })],
      rocketmq: [],
    };
    const isAlive = async () => true;
    const view = await readStatus({
      ...sources,
      sideStatus: { ...sources.sideStatus, isAlive },
      processReports: { read: async (side) => reads[side] ?? [] },
    });
    const lines = describeStatus(view).join('\n');
    expect(lines).toMatch(/kafka {8}alive; 2 of 2 processes need a look/);
    expect(lines).toContain('  p-1: NOT READY; 2 in hand: 2 starting');
    expect(lines).toContain('  p-2: silent for 30s');
    // Of a build of before nothing is known but that it lives.
    expect(lines).toMatch(/rocketmq {5}alive; no process tells more: .* earlier build: ask its \/readyz/);
  });

  test('shows what the last recovery of the ledger was about, and what it restored', async () => {
    const restored = { settled: 4711, parked: 12, claimed: 3, assigned: 2, stranded: 1 };
    const recovery = { why: 'another Redis server answers', since: NOON, startedAt: NOON, endedAt: NOON, restored };
    const view = await readStatus({ ...sources, marks: { view: async () => ({ phase: 'intact', recovery }) } });
    expect(view.ledger).toMatchObject({ phase: 'intact', recovery: { since: '2026-11-23T12:00:00.000Z', restored } });
    const lines = describeStatus(view).join('\n');
    expect(lines).toContain('(another Redis server answers): 4711 settled, 12 parked');
    expect(lines).not.toContain('not restored');
  });

  test('shows how far a recovery of what has closed is', async () => {
    const progress = { done: 4_711, total: 1_000_000, reached: NOON };
    const view = await readStatus({ ...sources, marks: { view: async () => ({ phase: 'partial', progress }) } });
    expect(view.ledger.progress).toEqual({ ...progress, reached: '2026-11-23T12:00:00.000Z' });
    expect(describeStatus(view).join('\n')).toContain('is partial: 4711 of 1000000 done; intake goes on');
  });

  test('names the messages that the last recovery could not restore, and says how many records cannot be read', async () => {
    const restored = { settled: 1, parked: 0, claimed: 0, assigned: 0, stranded: 0 };
    const failed = { count: 21, first: [{ messageId: 'm-1', why: 'it is not\none of the ledger' }] };
    const recovery = { why: 'all of it is lost', since: null, startedAt: NOON, endedAt: NOON, restored, failed };
    const view = await readStatus({ ...sources, marks: { view: async () => ({ phase: 'intact', recovery }) } });
    expect(view.ledger.recovery?.failed).toEqual(failed);
    const lines = describeStatus(view);
    expect(lines).toContainEqual(expect.stringMatching(/^unreadable {3}2 /));
    expect(lines).toContainEqual(expect.stringMatching(/^not restored 21 /));
    expect(lines).toContain('             m-1: it is not one of the ledger');
    expect(lines).toContain('             and 20 more: see the log');
  });
});

describe('dead-letters', () => {
  const entry = { side: 'kafka', reason: 'malformed-id', source: 'kafka:rewards/0/7', time: NOON } as const;

  test('prints what is promised, and null for an ID that there was none of', () => {
    expect(viewDeadLetter({ ...entry, messageId: 'a b' })).toEqual({
      messageId: 'a b',
      reason: 'malformed-id',
      source: 'kafka:rewards/0/7',
      time: '2026-11-23T12:00:00.000Z',
    });
    expect(viewDeadLetter(entry).messageId).toBeNull();
  });

  test('says where each is kept: by its topic, or by a workflow where that did not take it', () => {
    const keptAs = 'handover-rewards-set-aside-ab12';
    const [, onTopic, kept] = describeDeadLetters([entry, { ...entry, keptAs }].map(viewDeadLetter));
    expect(onTopic).toMatch(/ topic$/);
    expect(kept).toMatch(/ workflow handover-rewards-set-aside-ab12$/);
  });

  test('never lets an ID break a line or steer the terminal', () => {
    const lines = describeDeadLetters([viewDeadLetter({ ...entry, messageId: 'x\u001b[2J\ny' })]);
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('\u001b');
  });
});
