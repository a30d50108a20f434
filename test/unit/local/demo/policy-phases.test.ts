import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { HandoverError } from '../../../../src/domain/errors.js';
import { initialPolicy } from '../../../../src/domain/policy/policy.js';
import { PolicyPhases, type PolicyPhasesOptions } from '../../../../src/local/demo/policy-phases.js';

function setUp(faults: HandoverError[] = []) {
  const sent: object[] = [];
  let version = 1;
  const sendPolicyChange = async ({ args }: { args: object }) => {
    sent.push(args);
    const fault = faults.shift();
    if (fault !== undefined) throw fault;
    version += 1;
    return { policy: { ...initialPolicy(''), version }, changed: true, putRight: [] };
  };
  const phases = new PolicyPhases({
    client: {} as Client,
    policyStore: { read: async () => ({ known: false, reason: 'missing', readAt: 0 }) },
    migration: 'rewards',
    sendPolicyChange: sendPolicyChange as PolicyPhasesOptions['sendPolicyChange'],
    signal: new AbortController().signal,
  });
  return { phases, sent };
}

describe('the phases of the policy', () => {
  it('begin with the switch on, and each with its percentage in hundredths', async () => {
    const { phases, sent } = setUp();
    await phases.begin(0);
    await phases.begin(10);
    expect(sent).toEqual([
      expect.objectContaining({ consumption: 'on' }),
      expect.objectContaining({ hundredths: 0 }),
      expect.objectContaining({ hundredths: 1_000 }),
    ]);
    expect(phases.begun).toEqual([
      { percentage: 0, version: 3 },
      { percentage: 10, version: 4 },
    ]);
  });

  it('ask again where the machine was too slow to answer in time', async () => {
    const { phases } = setUp([
      new HandoverError('no-worker', 'too slow'),
      new HandoverError('policy-refused', 'too late'),
    ]);
    await expect(phases.begin(0)).resolves.toMatchObject({ version: 3 });
  });

  it('do not insist where Temporal does not answer', async () => {
    const { phases, sent } = setUp([new HandoverError('temporal-unavailable', 'no')]);
    await expect(phases.begin(0)).rejects.toMatchObject({ code: 'temporal-unavailable' });
    expect(sent).toHaveLength(1);
  });
});
