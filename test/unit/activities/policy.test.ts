import { beforeEach, describe, expect, test } from 'vitest';
import { createCutoverActivities } from '../../../src/activities/policy.js';
import { initialPolicy } from '../../../src/domain/policy/policy.js';
import { versionOf } from '../../../src/domain/policy/policy-change.js';
import { FakePolicyStore } from '../../support/ledger/fake-policy-store.js';

const policy = { ...initialPolicy('2026-11-23T05:00:00.000Z'), version: 4 };
const publication = { policy, version: versionOf(policy) };
let store: FakePolicyStore;

beforeEach(() => {
  store = new FakePolicyStore();
});

describe('publishing a policy', () => {
  const publishPolicy: ReturnType<typeof createCutoverActivities>['publishPolicy'] = (wanted) =>
    createCutoverActivities({ policyStore: store }).publishPolicy(wanted);

  test('puts it where consumers read it, and may be repeated', async () => {
    expect(await publishPolicy(publication)).toEqual({ result: 'published' });
    expect(await publishPolicy(publication)).toEqual({ result: 'published' });
    expect(store.copy).toEqual(policy);
  });

  test('answers a newer one and leaves it in its place', async () => {
    const newer = { ...policy, version: 5 };
    store.copy = newer;
    expect(await publishPolicy(publication)).toEqual({ result: 'newer', policy: newer });
    expect(store.copy).toEqual(newer);
  });

  test('is done until its time, and not later', async () => {
    expect(await publishPolicy({ ...publication, notAfter: store.time - 1 })).toEqual({ result: 'late' });
    expect(store.copy).toBeUndefined();
    expect(await publishPolicy({ ...publication, notAfter: store.time })).toEqual({ result: 'published' });
  });

  test('late is no news where Redis holds it already, and where it holds another one of that version it is', async () => {
    store.copy = policy;
    expect(await publishPolicy({ ...publication, notAfter: 1 })).toEqual({ result: 'published' });
    store.copy = { ...policy, actor: 'someone else' };
    expect(await publishPolicy({ ...publication, notAfter: 1 })).toEqual({ result: 'late' });
  });

  test('throws while Redis is away, so that it is tried again', async () => {
    store.away = true;
    await expect(publishPolicy(publication)).rejects.toThrow('Redis is away');
  });
});
