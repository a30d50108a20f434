import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { readSimulatorLedger } from '../../../src/local/simulator/ledger.js';
import { BUILT_COMMAND } from '../../support/build.js';
import { attempt, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';

afterEach(releaseAll);

function simulate(...flags: string[]) {
  const child = spawn(process.execPath, [BUILT_COMMAND, 'simulator', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  releaseLater(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

describe('handover simulator', () => {
  it('says where it listens, keeps its ledger over a SIGKILL, and ends well on SIGTERM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'handover-simulator-'));
    releaseLater(async () => rmSync(folder, { recursive: true }));
    const ledger = join(folder, 'ledger.jsonl');
    const [first, second] = [1, 2].map(() => simulate('--json', '--ledger', ledger, '--fault', 'grant-then-502=1'));
    if (first === undefined || second === undefined) throw new Error('not started');
    for (const { child } of [first, second]) {
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      const { ready, url } = JSON.parse(String(line));
      expect(ready).toBe(true);
      expect(await attempt(providerFor(url))).toMatchObject({ outcome: 'unknown', evidence: { status: 502 } });
      child.kill(child === first.child ? 'SIGKILL' : 'SIGTERM');
    }
    expect(await first.ended).toEqual([null, 'SIGKILL']);
    expect(await second.ended).toEqual([0, null]);
    expect(readSimulatorLedger(ledger)).toMatchObject([{ effect: 'granted' }, { effect: 'granted' }]);
  });

  it.each([
    ['no ledger', []],
    ['an unknown fault', ['--ledger', 'x', '--fault', 'nope=1']],
    ['no rate', ['--ledger', 'x', '--fault', '429']],
    ['no port', ['--ledger', 'x', '--port', 'http']],
  ])('refuses %s as wrong use', async (_what, flags) => {
    expect(await simulate(...flags).ended).toEqual([2, null]);
  });
});
