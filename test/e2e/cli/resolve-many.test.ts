import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import type { Fault } from '../../../src/local/simulator/faults.js';
import { type LiveMigration, startLiveMigration } from '../../support/live-migration.js';
import { type CommandRun, runCommand } from '../../support/run-command.js';
import { quietenTemporal } from '../../support/temporal/temporal-environment.js';
import type { WorkerProcess } from '../../support/worker-process.js';

const stack = inject('stack');
const patience = { timeout: 60_000, interval: 200 };
let live: LiveMigration;
let worker: WorkerProcess;
let folder: string;

beforeAll(async () => {
  quietenTemporal();
  folder = await mkdtemp(join(tmpdir(), 'handover-'));
  live = await startLiveMigration(stack);
  worker = await live.startWorker('kafka');
});
afterAll(async () => {
  await live?.close();
  await rm(folder, { recursive: true });
});
// Each test begins with nothing parked.
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(worker.log().slice(-4_000));
  live.simulator.setFaults({});
  await handover('resolve', '--all', 'abandon', '--yes', '--reason', 'the test is over');
  await vi.waitFor(async () => expect((await json('parked'))['parked']).toEqual([]), patience);
});

function handover(...args: readonly string[]): Promise<CommandRun> {
  return runCommand(...args, '--instance', stack.instance, '--config', live.configPath);
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await handover(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

async function idsOf(...filters: readonly string[]): Promise<unknown[]> {
  const { parked } = (await json('parked', ...filters)) as { parked: { messageId: string }[] };
  return parked.map(({ messageId }) => messageId);
}

/** A message whose one attempt met this fault. */
async function park(fault: Fault): Promise<string> {
  live.simulator.setFaults({ [fault]: 1 });
  const messageId = await live.publish({ sides: ['kafka'] });
  await isParked(messageId);
  live.simulator.setFaults({});
  return messageId;
}

async function isParked(messageId: string): Promise<void> {
  await vi.waitFor(async () => expect((await live.read(messageId))?.state).toBe('parked'), patience);
}

async function isGranted(messageId: string, round: number): Promise<void> {
  await vi.waitFor(async () => {
    expect(await live.read(messageId)).toMatchObject({ state: 'settled', outcome: 'granted', round });
  }, patience);
}

async function grant(): Promise<string> {
  const messageId = await live.publish({ sides: ['kafka'] });
  await isGranted(messageId, 1);
  return messageId;
}

async function settlementFile(...lines: readonly string[]): Promise<string> {
  const file = join(folder, `${randomUUID()}.csv`);
  await writeFile(file, `\uFEFF${['REF;STATE', ...lines].join('\r\n')}\r\n`);
  return file;
}

function resolveFrom(file: string, ...more: readonly string[]): Promise<CommandRun> {
  const columns = ['--id-column', 'REF', '--status-column', 'STATE', '--delimiter', ';', '--granted-when', 'PAID,OK'];
  return handover('resolve', '--from', file, ...columns, '--reason', 'settlement of today', ...more);
}

test('parked shows the evidence of each attempt, and filters by it', async () => {
  const answered = await park('grant-then-502');
  const sent = await park('reset');
  const { parked } = await json('parked', '--status', '502');
  expect(parked).toEqual([
    {
      messageId: answered,
      owner: 'kafka',
      round: 1,
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      ageMs: expect.any(Number),
      attempt: 1,
      phase: 'answered',
      status: 502,
      bytes: expect.any(Number),
      latencyMs: expect.any(Number),
      detail: expect.stringContaining('answered 502'),
      resendAfter: expect.stringMatching(/^\d{4}-.*Z$/),
      stranded: null,
      workflow: `${stack.temporal.ui}/namespaces/default/workflows/${answered}`,
    },
  ]);
  expect(await idsOf()).toEqual([answered, sent]);
  expect(await idsOf('--phase', 'sent', '--owner', 'kafka')).toEqual([sent]);
  expect(await idsOf('--owner', 'rocketmq')).toEqual([]);
  expect(await idsOf('--older-than', '1h')).toEqual([]);
  expect(await idsOf('--younger-than', '1h', '--limit', '1')).toEqual([answered]);
});

test('an attempt that ended without a word is shown with what the ledger still knows of it', async () => {
  live.simulator.setFaults({ 'grant-then-hang': 1 });
  const messageId = await live.publish({ sides: ['kafka'] });
  await vi.waitFor(() => expect(live.callsFor(messageId)).toBe(1), { timeout: 30_000, interval: 20 });
  await worker.kill();
  worker = await live.startWorker('kafka');
  await isParked(messageId);
  expect((await live.read(messageId))?.evidence?.detail).toMatch(
    /^attempt 1 ended without a word.*; by the ledger attempt 1 of round 1 began at \d{4}-.*Z: its request may have been sent$/,
  );
  expect(live.callsFor(messageId)).toBe(1);
});

test('resolve --all answers what the filters mean once it is confirmed, and each on its own', async () => {
  const [first, second, other] = [await park('grant-then-502'), await park('grant-then-502'), await park('reset')];
  const unconfirmed = await handover('resolve', '--all', '--status', '502', 'granted', '--reason', 'incident 7');
  expect(unconfirmed).toMatchObject({ code: 2, stdout: '' });
  expect(unconfirmed.stderr).toContain(
    '2 of 3 parked messages are to be answered granted (parked messages: HTTP status 502).',
  );
  expect(await idsOf()).toEqual([first, second, other]);

  await live.client.workflow.getHandle(first).terminate('by mistake');
  const all = ['resolve', '--all', '--status', '502', 'granted', '--yes', '--reason', 'incident 7', '--json'];
  const { code, stdout } = await handover(...all);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    resolved: [{ messageId: second, round: 1, resolution: 'granted' }],
    failed: [
      { messageId: first, code: 'resolution-refused', reason: expect.stringContaining('no open workflow has it') },
    ],
  });
  await isGranted(second, 1);
  expect(await idsOf()).toEqual([first, other]);

  await json('resume', first, '--reason', 'terminated by mistake');
  await vi.waitFor(async () => {
    expect(await live.client.workflow.getHandle(first).describe()).toMatchObject({
      searchAttributes: { HandoverState: ['parked'] },
    });
  }, patience);
});

test('resolve --from answers what the settlement file proves, changes nothing else, and nothing twice', async () => {
  const [paid, absent, twice, unmentioned] = [
    await park('grant-then-hang'),
    await park('reset'),
    await park('grant-then-502'),
    await park('grant-then-reset'),
  ];
  const [agreed, contradicted] = [await grant(), await grant()];
  const file = await settlementFile(
    `${paid};PAID`,
    `${absent};NOT_FOUND`,
    `${twice};PAID`,
    `${twice};OK`,
    `${agreed};OK`,
    `${contradicted};NOT_FOUND`,
    'never-seen;PAID',
    'not an ID;PAID',
    `${randomUUID()};PENDING`,
  );
  const early = (await live.read(absent))?.deadline ?? 0;
  const absence = (asOf: number) => ['--absent-when', 'NOT_FOUND', '--as-of', new Date(asOf).toISOString(), '--json'];
  const findings = [
    'duplicate-row',
    'duplicate-row',
    'agrees',
    'contradicts',
    'no-record',
    'invalid-id',
    'unknown-status',
  ];
  const resultsOf = ({ stdout }: CommandRun): unknown[] =>
    (JSON.parse(stdout) as { rows: { result: string }[] }).rows.map(({ result }) => result);

  await vi.waitFor(async () => expect(await live.ledger.now()).toBeGreaterThan(early + 1_500), patience);
  const tooOld = await resolveFrom(file, ...absence(early), '--dry-run');
  expect(resultsOf(tooOld)).toEqual(['granted', 'too-early', ...findings]);
  const asOf = await live.ledger.now();
  const rehearsal = await resolveFrom(file, ...absence(asOf), '--dry-run');
  expect(resultsOf(rehearsal)).toEqual(['granted', 'resend', ...findings]);
  expect(JSON.parse(rehearsal.stdout)).toMatchObject({ dryRun: true, resolved: [], failed: [], unmentioned: 1 });
  expect(await idsOf()).toEqual([paid, absent, twice, unmentioned]);

  const done = await resolveFrom(file, ...absence(asOf));
  expect(done.code).toBe(0);
  expect(resultsOf(done)).toEqual(resultsOf(rehearsal));
  expect(JSON.parse(done.stdout)).toMatchObject({
    dryRun: false,
    resolved: [
      { messageId: paid, round: 1, resolution: 'granted' },
      { messageId: absent, round: 1, resolution: 'resend' },
    ],
    failed: [],
    unmentioned: 1,
  });
  await isGranted(paid, 1);
  await isGranted(absent, 2);
  expect(await idsOf()).toEqual([twice, unmentioned]);

  // The same file again: it was all done, so nothing follows from it.
  const again = await resolveFrom(file, ...absence(asOf));
  expect(resultsOf(again)).toEqual(['agrees', 'contradicts', ...findings]);
  const effects = live.effects();
  for (const messageId of [paid, absent, twice, unmentioned]) expect(effects.get(messageId)).toBe(1);
  expect([paid, absent].map((messageId) => live.callsFor(messageId))).toEqual([1, 2]);
});

test('a settlement file that cannot be trusted, or read, resolves nothing', async () => {
  const messageId = await park('grant-then-502');
  const broken = await resolveFrom(await settlementFile(`${messageId};PAID`, `${randomUUID()};"PAID`), '--json');
  expect(broken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('never closed') });
  const missing = await resolveFrom(join(folder, 'there-is-none.csv'));
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read') });
  const folderForFile = await resolveFrom(folder);
  expect(folderForFile).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read') });
  const future = ['--absent-when', 'GONE', '--as-of', new Date(Date.now() + 3_600_000).toISOString()];
  const early = await resolveFrom(await settlementFile(`${messageId};PAID`), ...future);
  expect(early).toMatchObject({ code: 2, stderr: expect.stringContaining('in the future') });
  expect(await idsOf()).toEqual([messageId]);
});
