import { type DeadLetterReason, STAMPS } from '../domain/message/message.js';
import type { OutgoingRecord } from './publisher.js';
import type { Delivery } from './source.js';

/** The stamps that a dead letter has besides those of its delivery. */
export const DEAD_LETTER_STAMPS = {
  reason: 'handover-reason',
  /** Where the delivery lay: its coordinates. */
  source: 'handover-source',
  /** When it was dead-lettered, as an ISO 8601 instant. */
  time: 'handover-time',
  /** Names of the properties that were left out, as the broker would not take them. */
  omitted: 'handover-omitted',
  /** The length of the original body in bytes, where only its beginning is kept. */
  truncated: 'handover-truncated',
  /** How the body is compressed, where it is kept as it came. */
  encoding: 'handover-body-encoding',
  /** What was found wrong with it, in words, where the reason alone does not say it. */
  detail: 'handover-detail',
  /** `true` where the body was null, and something else had to stand for it. */
  nullBody: 'handover-null-body',
  /** The same where it had no bytes. */
  emptyBody: 'handover-empty-body',
} as const;

export interface RecordLimits {
  /** Properties, and bytes of their names and values together with the key. */
  readonly properties: number;
  readonly propertyBytes: number;
  readonly bodyBytes: number;
  /** Whether names, values and the key have to be free of control characters, and the body must not be empty. */
  readonly strict: boolean;
  /** Whether only handover's own stamps are kept, for a broker that takes exception to another name. Default false. */
  readonly stampsOnly?: boolean;
}

/** Room for {@link DEAD_LETTER_STAMPS}.omitted itself; more names than fit are counted only. */
const OMITTED_BYTES = 1024;
const LONGEST_DETAIL = 500;
/** What stands for a body where there has to be one. */
const PLACEHOLDER = Buffer.from('-');

export interface DeadLetterFacts {
  readonly reason: DeadLetterReason;
  /** What is wrong with it, in words. Default: how it is damaged, if it is. */
  readonly detail?: string | undefined;
  readonly time: Date;
  /** Where the dead letter goes. */
  readonly topic: string;
}

/** The dead letter of a delivery within the limits: what does not fit is left out, and the record says so. */
export function deadLetterRecord(
  delivery: Delivery,
  { reason, detail, time, topic }: DeadLetterFacts,
  limits: RecordLimits,
): OutgoingRecord {
  const { damaged, tooLarge } = delivery;
  const said = detail ?? damaged;
  const { body, stamps } = fitBody(delivery, limits);
  const own = new Map([
    [DEAD_LETTER_STAMPS.reason, reason],
    [DEAD_LETTER_STAMPS.source, delivery.coordinates],
    [DEAD_LETTER_STAMPS.time, time.toISOString()],
    ...(said !== undefined ? [[DEAD_LETTER_STAMPS.detail, legible(said)] as const] : []),
    ...(tooLarge?.encoding !== undefined ? [[DEAD_LETTER_STAMPS.encoding, tooLarge.encoding] as const] : []),
    ...stamps,
  ]);
  const room = new Room(limits.properties - 1, limits.propertyBytes - OMITTED_BYTES, limits.strict);
  for (const [name, value] of own) room.take(name, value);
  const key = delivery.key !== undefined && room.takeKey(delivery.key) ? delivery.key : undefined;
  const properties = new Map(own);
  const omitted: string[] = [];
  for (const name of stampsFirst(delivery.properties)) {
    const value = delivery.properties.get(name) ?? '';
    // A dead letter that is dead-lettered again tells of its last journey only.
    if (own.has(name)) continue;
    const wanted = limits.stampsOnly !== true || isStamp(name);
    if (wanted && room.take(name, value)) properties.set(name, value);
    else omitted.push(name);
  }
  if (omitted.length > 0) properties.set(DEAD_LETTER_STAMPS.omitted, listNames(omitted));
  return { topic, body, properties, ...(key !== undefined && { key }) };
}

function fitBody(
  { body, tooLarge }: Delivery,
  limits: RecordLimits,
): { body: Buffer | null; stamps: [string, string][] } {
  if (body === null) {
    return limits.strict
      ? { body: PLACEHOLDER, stamps: [[DEAD_LETTER_STAMPS.nullBody, 'true']] }
      : { body, stamps: [] };
  }
  if (body.length === 0 && limits.strict)
    return { body: PLACEHOLDER, stamps: [[DEAD_LETTER_STAMPS.emptyBody, 'true']] };
  const whole = tooLarge?.bytes ?? body.length;
  const kept = body.length <= limits.bodyBytes ? body : body.subarray(0, limits.bodyBytes);
  return { body: kept, stamps: kept.length < whole ? [[DEAD_LETTER_STAMPS.truncated, String(whole)]] : [] };
}

function legible(text: string): string {
  return text.replace(/\p{Cc}/gu, '?').slice(0, LONGEST_DETAIL);
}

function isStamp(name: string): boolean {
  return Object.values<string>(STAMPS).includes(name);
}

/** What identifies the message goes first, so that it is the last to be left out. */
function stampsFirst(properties: ReadonlyMap<string, string>): Set<string> {
  return new Set([...Object.values<string>(STAMPS).filter((name) => properties.has(name)), ...properties.keys()]);
}

function listNames(names: readonly string[]): string {
  const shown = names.map(legible);
  let listed = shown.length;
  const text = () => {
    const rest = shown.length - listed;
    return [...shown.slice(0, listed), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
  };
  while (Buffer.byteLength(text()) > OMITTED_BYTES / 2) listed -= 1;
  return text();
}

/** What is left of the limits. */
class Room {
  #properties: number;
  #bytes: number;
  readonly #strict: boolean;

  constructor(properties: number, bytes: number, strict: boolean) {
    this.#properties = properties;
    this.#bytes = bytes;
    this.#strict = strict;
  }

  take(name: string, value: string): boolean {
    if (this.#properties < 1 || name === '' || !this.#fits(name, value)) return false;
    this.#properties -= 1;
    return true;
  }

  takeKey(key: string): boolean {
    return (!this.#strict || key.trim() !== '') && this.#fits(key);
  }

  #fits(...texts: string[]): boolean {
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    if (bytes > this.#bytes || (this.#strict && texts.some((text) => /\p{Cc}/u.test(text)))) return false;
    this.#bytes -= bytes;
    return true;
  }
}
