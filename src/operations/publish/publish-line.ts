import type { OutgoingMessage } from '../../brokers/dual-producer.js';

const FIELDS = ['messageId', 'businessId', 'traceparent', 'body'] as const;

/**
 * Reads one line of `publish`: `{"messageId"?, "businessId"?, "traceparent"?, "body"}`. A body that is a string is sent as
 * that text; any other is sent as its JSON, just as it is written in the line. A string answers what is wrong.
 */
export function readPublishLine(line: string): OutgoingMessage | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The parser's own message quotes the line, which may hold what is nobody's business.
    return 'it is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not a JSON object';
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const stranger = Object.keys(fields).find((name) => !FIELDS.some((field) => field === name));
  if (stranger !== undefined) return `it has a field that is none of ${FIELDS.join(', ')}`;
  const { messageId, businessId, traceparent, body } = fields;
  if (body === undefined || body === null) return 'it has no body';
  for (const [name, stamp] of Object.entries({ messageId, businessId, traceparent })) {
    if (stamp !== undefined && typeof stamp !== 'string') return `its ${name} is not a string`;
  }
  return {
    ...(typeof messageId === 'string' && { messageId }),
    ...(typeof businessId === 'string' && { businessId }),
    ...(typeof traceparent === 'string' && { traceparent }),
    body: typeof body === 'string' ? body : sourceOf(line, 'body'),
  };
}

/**
 * The text of a member's value in a JSON object. Parsing it and writing it anew would alter numbers that JavaScript cannot
 * hold, and an amount of money may be one. `json` is known to be a JSON object that has the member; the last one counts.
 */
function sourceOf(json: string, member: string): string {
  let source = '';
  let at = json.indexOf('{') + 1;
  while (json[skipSpace(json, at)] === '"') {
    const nameAt = skipSpace(json, at);
    const nameEnd = endOfString(json, nameAt);
    const valueAt = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const valueEnd = endOfValue(json, valueAt);
    if (JSON.parse(json.slice(nameAt, nameEnd)) === member) source = json.slice(valueAt, valueEnd).trimEnd();
    at = valueEnd + 1;
  }
  return source;
}

/** The end of the value that begins at `at`: the comma or bracket after it. */
function endOfValue(json: string, at: number): number {
  let depth = 0;
  for (let i = at; i < json.length; i += 1) {
    const character = json[i];
    if (character === '"') i = endOfString(json, i) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if (depth === 0 && (character === ',' || character === '}')) return i;
    else if (character === '}' || character === ']') depth -= 1;
  }
  return json.length;
}

function endOfString(json: string, at: number): number {
  let i = at + 1;
  while (i < json.length && json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i + 1;
}

function skipSpace(json: string, at: number): number {
  let i = at;
  while (/\s/.test(json[i] ?? '')) i += 1;
  return i;
}
