import { setHandler } from '@temporalio/workflow';
import type { MessageInput, ParkRequest } from '../../domain/run.js';
import type { Side } from '../../domain/side.js';
import { type Standing, standingQuery } from './contract.js';
import { identityOf } from './run.js';

/** What a run says of itself when the ledger is rebuilt, kept up to date by the steps that change it. */
export interface StandingTeller {
  waiting(delivered: Iterable<Side>): void;
  held(owner: Side, round: number): void;
  parked(as: ParkRequest): void;
}

export function tellStanding(input: MessageInput): StandingTeller {
  const identity = identityOf(input);
  let standing: Standing = { identity, phase: 'unclear' };
  setHandler(standingQuery, () => standing);
  return {
    waiting(delivered) {
      standing = { identity, phase: 'waiting', delivered: [...delivered] };
    },
    held(owner, round) {
      standing = { identity, phase: 'held', owner, round };
    },
    parked(as) {
      standing = { identity, phase: 'parked', as };
    },
  };
}
