import { defineSearchAttributeKey } from '@temporalio/common';
import type { Side } from '../domain/side.js';

/** Names that a person meets in Temporal Web UI and that clients of the workflows use. */
export const MESSAGE_WORKFLOW = 'message';
export const CUTOVER_WORKFLOW = 'cutover';
/** A dead letter that its topic does not take. No worker has this type: see workers/intake/dead-letter-keeper.ts. */
export const SET_ASIDE_WORKFLOW = 'set-aside';

/** Set in the start request, and changed only off the happy path. */
export const SEARCH_ATTRIBUTES = {
  owner: defineSearchAttributeKey('HandoverOwner', 'KEYWORD'),
  state: defineSearchAttributeKey('HandoverState', 'KEYWORD'),
  migration: defineSearchAttributeKey('HandoverMigration', 'KEYWORD'),
};

/** Values of the search attribute `HandoverState`; a closed workflow tells by its status and result. */
export const MESSAGE_STATES = ['processing', 'waiting', 'adopted', 'retrying', 'parked'] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** Task queue of one side: its message workflows, and the rewards that it owns. */
export function sideTaskQueue(migration: string, side: Side): string {
  return `handover-${migration}-${side}`;
}

/** Task queue of the cutover workflow; its ID is the same. */
export function cutoverTaskQueue(migration: string): string {
  return `handover-${migration}`;
}

export function cutoverWorkflowId(migration: string): string {
  return `handover-${migration}`;
}

/** Task queue of the dead letters that Temporal keeps; nobody polls it. */
export function setAsideTaskQueue(migration: string): string {
  return `handover-${migration}-set-aside`;
}

/** No message has an ID with this beginning. */
export function setAsideWorkflowId(migration: string, hash: string): string {
  return `handover-${migration}-set-aside-${hash}`;
}
