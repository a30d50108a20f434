import { expect, it } from 'vitest';
import { workflowsUrl } from '../../../../src/local/demo/watch/live-view.js';

it('a link leads to the workflows in a state in Temporal Web UI', () => {
  const temporal = { address: '127.0.0.1:7233', namespace: 'default', ui: 'http://127.0.0.1:8233' };
  const url = new URL(workflowsUrl(temporal, 'parked'));
  expect(url.origin + url.pathname).toBe('http://127.0.0.1:8233/namespaces/default/workflows');
  expect(url.searchParams.get('query')).toBe('HandoverState="parked"');
});
