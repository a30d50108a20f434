import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { ParkedEvidence, SettledOutcome } from '../../domain/reward/outcome.js';
import { isSide } from '../../domain/side.js';
import { unreadable } from '../ledger-error.js';
import { unpackReason } from './reason-codec.js';

/** Longest detail of the evidence that is kept, in characters. */
const DETAIL_MAX_LENGTH = 500;

/** Layout of a settled record; lua/fragments/settled.lua writes it and says more. */
const PACKED = { layout: 0, letter: 1, fingerprint: 2, run: 10, text: 26 } as const;
const LAYOUT = '2'.charCodeAt(0);
const FIRST_LETTER = 'A'.charCodeAt(0);
const OUTCOMES = ['granted', 'refused', 'abandoned'] as const satisfies readonly SettledOutcome[];

/** Longer than any broker's names and numbers make a copy's coordinates, in characters. */
const COORDINATES_MAX_LENGTH = 500;

const UNSETTLED_STATES = ['assigned', 'claimed', 'sending', 'parked'] as const;

/** Decodes the answer of the script `read`. Undefined where there is no record. */
export function decodeRecord(messageId: string, reply: readonly Buffer[]): LedgerRecord | undefined {
  const [first] = reply;
  if (first === undefined) return undefined;
  const record = reply.length === 1 ? decodePacked(messageId, first) : decodeFields(messageId, reply);
  if (record === undefined) throw unreadable('read its record', 'it is not one of the ledger', messageId);
  return record;
}

/** Evidence as it is stored, with its details cut to a bound. */
export function encodeEvidence(evidence: ParkedEvidence): string {
  const { detail, lookup } = evidence;
  return JSON.stringify({
    ...evidence,
    detail: cut(detail),
    ...(lookup !== undefined && { lookup: { ...lookup, detail: cut(lookup.detail) } }),
  });
}

function cut(text: string): string {
  return [...text].slice(0, DETAIL_MAX_LENGTH).join('');
}

/** Coordinates as the script `route` takes them: '' where they are unknown, or no broker can have made them. */
export function boundedCoordinates(coordinates: string | undefined): string {
  return coordinates === undefined || coordinates.length > COORDINATES_MAX_LENGTH ? '' : coordinates;
}

function decodeEvidence(messageId: string, json: string): ParkedEvidence {
  let evidence: unknown;
  try {
    evidence = JSON.parse(json);
  } catch (error) {
    throw unreadable('read its evidence', 'it is not JSON', messageId, error);
  }
  const { detail, lookup, ...others } = (evidence ?? {}) as Partial<ParkedEvidence>;
  if (typeof detail === 'string') {
    const isWhole = typeof lookup?.detail === 'string';
    return { ...others, detail, ...(isWhole && { lookup }) } as ParkedEvidence;
  }
  throw unreadable('read its evidence', 'it tells nothing', messageId);
}

function decodePacked(messageId: string, packed: Buffer): LedgerRecord | undefined {
  const number = (packed[PACKED.letter] ?? 0) - FIRST_LETTER;
  const outcome = OUTCOMES[number >> 3];
  const text = /^(\d+)\|(?:(\d+)\|(\d+)\|)?(\D.*)$/s.exec(packed.subarray(PACKED.text).toString('utf8'));
  if (packed[PACKED.layout] !== LAYOUT || outcome === undefined || text === null) return undefined;
  const [, policyVersion, round = '1', attempt = '1', reason] = text;
  return {
    messageId,
    state: 'settled',
    outcome,
    owner: (number & 4) === 0 ? 'kafka' : 'rocketmq',
    reason: unpackReason(reason ?? ''),
    policyVersion: Number(policyVersion),
    fingerprint: packed.subarray(PACKED.fingerprint, PACKED.run).toString('hex'),
    seen: decodeSeen(String(number & 3)),
    run: uuidOf(packed.subarray(PACKED.run, PACKED.text)),
    round: Number(round),
    attempt: Number(attempt),
  };
}

function decodeFields(messageId: string, flat: readonly Buffer[]): LedgerRecord | undefined {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(String(flat[i]), String(flat[i + 1]));
  const state = UNSETTLED_STATES.find((name) => name === fields.get('state'));
  const owner = fields.get('owner');
  if (state === undefined || !isSide(owner) || !isWhole(state, fields)) return undefined;
  const text = (name: string): string | undefined => fields.get(name);
  const number = (name: string): number | undefined => (fields.has(name) ? Number(fields.get(name)) : undefined);
  const [run, stranded, evidence] = [text('run'), text('stranded'), text('evidence')];
  const [kafka, rocketmq] = [text('kafkaAt'), text('rocketmqAt')];
  const [deadline, createdAt, movedAt] = [number('deadline'), number('createdAt'), number('movedAt')];
  return {
    messageId,
    state,
    owner,
    reason: unpackReason(text('reason') ?? ''),
    policyVersion: number('policyVersion') ?? 0,
    fingerprint: text('fingerprint') ?? '',
    seen: decodeSeen(text('seen') ?? '0'),
    round: number('round') ?? 0,
    attempt: number('attempt') ?? 0,
    ...(run !== undefined && { run }),
    ...(deadline !== undefined && { deadline }),
    ...(createdAt !== undefined && { createdAt }),
    ...(movedAt !== undefined && { movedAt }),
    ...(evidence !== undefined && { evidence: decodeEvidence(messageId, evidence) }),
    ...(stranded !== undefined && { stranded }),
    ...((kafka !== undefined || rocketmq !== undefined) && {
      copies: { ...(kafka !== undefined && { kafka }), ...(rocketmq !== undefined && { rocketmq }) },
    }),
  };
}

/** Fields of an unsettled record that are numbers, and those without which it is none. lua/fragments/load.lua asks the same. */
const NUMBERS = ['policyVersion', 'round', 'attempt', 'deadline', 'createdAt', 'movedAt'] as const;
const NEEDED = ['reason', 'policyVersion', 'fingerprint', 'seen', 'movedAt'] as const;

function isWhole(state: LedgerRecord['state'], fields: ReadonlyMap<string, string>): boolean {
  const needed = [...NEEDED, ...(state === 'assigned' ? [] : ['run']), ...(state === 'sending' ? ['deadline'] : [])];
  return (
    needed.every((name) => (fields.get(name) ?? '') !== '') &&
    NUMBERS.every((name) => /^\d+$/.test(fields.get(name) ?? '0')) &&
    /^[0-3]$/.test(fields.get('seen') ?? '') &&
    /^[0-9a-f]+$/.test(fields.get('fingerprint') ?? '')
  );
}

/** The sides that a record's bits say have seen its message. */
export function decodeSeen(bits: string): LedgerRecord['seen'] {
  return { kafka: (Number(bits) & 1) !== 0, rocketmq: (Number(bits) & 2) !== 0 };
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
