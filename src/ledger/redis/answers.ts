import { SETTLED_OUTCOMES, type SettledOutcome } from '../../domain/reward/outcome.js';
import { isSide, type Side } from '../../domain/side.js';
import { unreadable } from '../ledger-error.js';
import type {
  BeginVerdict,
  ClaimVerdict,
  RecordVerdict,
  ReopenVerdict,
  ResumeVerdict,
  RouteVerdict,
  WitnessedBeginVerdict,
} from '../verdicts.js';
import { unpackReason } from './reason-codec.js';
import { decodeSeen } from './record-codec.js';

/** What a script answered: the verdict's name and its facts, in the order that the script's header tells. */
export type Answer = readonly string[];

export function routeVerdict(answer: Answer): RouteVerdict {
  const [verdict, owner, reason, last] = answer;
  switch (verdict) {
    case 'process':
    case 'wait':
      return { verdict, owner: side(owner), reason: why(reason), policyVersion: count(last) };
    case 'done': {
      const decided = { verdict, owner: side(owner), reason: why(reason) };
      return last === '' ? decided : { ...decided, outcome: outcome(last) };
    }
    case 'check':
      return { verdict, owner: side(owner), reason: why(reason), run: text(last) };
    case 'id-reused':
    case 'too-old':
    case 'unproved':
    case 'before-start':
    case 'stale-policy':
      return { verdict };
    default:
      throw unknownAnswer('route', answer);
  }
}

export function claimVerdict(answer: Answer): ClaimVerdict {
  const [verdict, owner, reason, round] = answer;
  switch (verdict) {
    case 'claimed':
      return { verdict, owner: side(owner), reason: why(reason), round: count(round) };
    case 'not-owner':
      return { verdict, owner: side(owner), reason: why(reason), seen: decodeSeen(text(round)) };
    default:
      return commonVerdict('claim', answer);
  }
}

export function beginVerdict(answer: Answer): BeginVerdict {
  const [verdict, first, second] = answer;
  switch (verdict) {
    case 'go':
      return { verdict, deadline: count(first), now: count(second) };
    case 'late':
    case 'uncovered':
      return { verdict, round: count(first), attempt: count(second) };
    case 'parked':
      return { verdict, round: count(first) };
    default:
      return commonVerdict('begin', answer);
  }
}

export function witnessedBeginVerdict(answer: Answer): WitnessedBeginVerdict {
  return answer[0] === 'forgotten' ? { verdict: 'forgotten' } : beginVerdict(answer);
}

export function recordVerdict(answer: Answer): RecordVerdict {
  const [verdict] = answer;
  return verdict === 'recorded' || verdict === 'moved-on' ? { verdict } : commonVerdict('record', answer);
}

export function reopenVerdict(answer: Answer): ReopenVerdict {
  const [verdict, first, second] = answer;
  switch (verdict) {
    case 'reopened':
    case 'moved-on':
      return { verdict, round: count(first) };
    case 'too-early':
      return { verdict, notBefore: count(first), now: count(second) };
    default:
      return commonVerdict('reopen', answer);
  }
}

export function resumeVerdict(answer: Answer): ResumeVerdict {
  const [verdict, owner, round, certainty] = answer;
  switch (verdict) {
    case 'resumed':
      if (certainty !== 'clean' && certainty !== 'unknown') throw unknownAnswer('resume', answer);
      return { verdict, owner: side(owner), round: count(round), certainty };
    case 'not-claimed':
      return { verdict };
    default:
      return commonVerdict('resume', answer);
  }
}

type CommonVerdict =
  | { readonly verdict: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  | { readonly verdict: 'other-run'; readonly owner: Side; readonly run: string }
  | { readonly verdict: 'lost' };

/** The refusals that every step of a workflow run can meet. */
function commonVerdict(step: string, answer: Answer): CommonVerdict {
  const [verdict, owner, last] = answer;
  switch (verdict) {
    case 'settled':
      return { verdict, owner: side(owner), outcome: outcome(last) };
    case 'other-run':
      return { verdict, owner: side(owner), run: text(last) };
    case 'lost':
      return { verdict };
    default:
      throw unknownAnswer(step, answer);
  }
}

function unknownAnswer(step: string, answer: Answer): Error {
  return unreadable(`understand the ledger's answer to ${step}`, `it was [${answer.join(', ')}]`);
}

function text(value: string | undefined): string {
  if (value === undefined || value === '')
    throw unreadable("understand the ledger's answer", 'a part of it is missing');
  return value;
}

function why(value: string | undefined): string {
  return unpackReason(text(value));
}

function side(value: string | undefined): Side {
  if (!isSide(value)) throw unreadable("understand the ledger's answer", `'${value}' is not a side`);
  return value;
}

function count(value: string | undefined): number {
  const number = Number(text(value));
  if (!Number.isSafeInteger(number)) throw unreadable("understand the ledger's answer", `'${value}' is not a number`);
  return number;
}

function outcome(value: string | undefined): SettledOutcome {
  const known = SETTLED_OUTCOMES.find((name) => name === value);
  if (known === undefined) throw unreadable("understand the ledger's answer", `'${value}' is not an outcome`);
  return known;
}
