import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { untilTemporalServes } from '../../../../src/workers/temporal/temporal-readiness.js';

/** As gRPC throws it. */
function refusal(code: number, details: string): Error {
  return Object.assign(new Error(details), { code, details, metadata: {} });
}

/** Temporal with these search attributes; it answers the description of a namespace with `described`. */
function temporal(attributes: Set<string>, described: () => void = () => undefined): Client {
  const client = {
    withDeadline: (_deadline: number, calls: () => Promise<unknown>) => calls(),
    workflowService: {
      describeNamespace: async () => described(),
      listWorkflowExecutions: async ({ query }: { query: string }) => {
        const name = query.split(' ', 1)[0] ?? '';
        if (!attributes.has(name)) throw refusal(3, `invalid search attribute: ${name}`);
      },
    },
  };
  return client as unknown as Client;
}

const ALL = ['HandoverOwner', 'HandoverState', 'HandoverMigration'];
const waits: string[] = [];

function serves(client: Client, signal = new AbortController().signal): Promise<void> {
  waits.length = 0;
  const onWait = (why: string): void => void waits.push(why);
  return untilTemporalServes({ client, namespace: 'team', address: 't:7233', onWait, signal, everyMs: 1 });
}

describe('a namespace', () => {
  it('serves at once where it is whole', async () => {
    await serves(temporal(new Set(ALL)));
    expect(waits).toEqual([]);
  });

  it('without the search attributes is waited for, named with the command that makes them and with the words of Temporal', async () => {
    const attributes = new Set(['HandoverOwner']);
    const serving = serves(temporal(attributes));
    await expect.poll(() => waits.length).toBeGreaterThan(1);
    expect(waits[0]).toBe(
      "namespace 'team' has no search attribute HandoverState, HandoverMigration (Temporal: invalid search attribute: HandoverState); make it with: temporal operator search-attribute create --namespace team --type Keyword --name HandoverState --name HandoverMigration",
    );
    for (const name of ALL) attributes.add(name);
    await serving;
  });

  it('that is missing is not waited for', async () => {
    const missing = temporal(new Set(), () => {
      throw refusal(5, 'Namespace team is not found.');
    });
    await expect(serves(missing)).rejects.toMatchObject({ code: 'namespace-missing' });
  });

  it('that may not be described is taken as it is', async () => {
    const forbidden = temporal(new Set(ALL), () => {
      throw refusal(7, 'Request unauthorized.');
    });
    await serves(forbidden);
  });

  it('is waited for while Temporal does not answer, until the start is given up', async () => {
    const stop = new AbortController();
    const away = temporal(new Set(ALL), () => {
      throw refusal(14, 'connection refused');
    });
    const serving = serves(away, stop.signal);
    await expect.poll(() => waits.at(-1)).toMatch(/t:7233 does not answer as it should: connection refused/);
    stop.abort(new Error('stopped'));
    await expect(serving).rejects.toThrow();
  });
});
