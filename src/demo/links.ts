import type { LocalStack } from '../stack/state.js';
import type { MessageState } from '../workflows/names.js';

/** Temporal Web UI's list of the workflows in a state. */
export function workflowsUrl({ ui, namespace }: LocalStack['temporal'], state: MessageState): string {
  const query = encodeURIComponent(`HandoverState="${state}"`);
  return `${ui}/namespaces/${namespace}/workflows?query=${query}`;
}

/** Where a person watches what does not go the straight way. */
export function describeLinks(temporal: LocalStack['temporal']): readonly string[] {
  const states = ['retrying', 'waiting', 'adopted', 'parked'] as const;
  return states.map((state) => `  ${state.padEnd(10)}${workflowsUrl(temporal, state)}`);
}
