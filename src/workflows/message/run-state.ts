import { setHandler } from '@temporalio/workflow';
import type { MessageInput, ParkRequest } from '../../domain/run.js';
import type { Side } from '../../domain/side.js';
import { type RunState, runStateQuery } from './contract.js';
import { identityOf } from './run.js';

/** What a run says of itself when the ledger is rebuilt, kept up to date by the steps that change it. */
export interface RunStateTeller {
  waiting(delivered: Iterable<Side>): void;
  held(owner: Side, round: number): void;
  parked(as: ParkRequest): void;
}

export function tellRunState(input: MessageInput): RunStateTeller {
  const identity = identityOf(input);
  let state: RunState = { identity, phase: 'unclear' };
  setHandler(runStateQuery, () => state);
  return {
    waiting(delivered) {
      state = { identity, phase: 'waiting', delivered: [...delivered] };
    },
    held(owner, round) {
      state = { identity, phase: 'held', owner, round };
    },
    parked(as) {
      state = { identity, phase: 'parked', as };
    },
  };
}
