/** A value that JSON can hold by itself. */
export type JsonScalar = string | number | boolean | null;

/** In an expected text this stands for the ID of the message that was asked for. */
const MESSAGE_ID_PLACEHOLDER = '{messageId}';

/**
 * What an HTTP answer must look like to mean something. Everything that is named has to hold. A status alone names
 * nothing: a gateway, a sign-in page or a route that does not exist answers with any status, and money would follow it.
 */
export interface AnswerCondition {
  /** Any of these. */
  readonly status: readonly number[];
  readonly json?: readonly JsonMark[];
  readonly headers?: readonly HeaderMark[];
  /** What the body, as UTF-8, contains. */
  readonly text?: string;
}

/** A place in the body's JSON, by JSON Pointer (RFC 6901), at which one of these values is found. */
export interface JsonMark {
  readonly pointer: string;
  readonly anyOf: readonly JsonScalar[];
}

/** A header, by its lower-case name, that has one of these values. */
export interface HeaderMark {
  readonly name: string;
  readonly anyOf: readonly string[];
}

/** A whole HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name; a repeated header is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/**
 * Says in a few words why the answer does not meet the condition; undefined if it does. The words hold nothing that came
 * with the answer but its status. Never throws, whatever the body is.
 */
export function whyUnmet(condition: AnswerCondition, answer: HttpAnswer, messageId: string): string | undefined {
  const { status, json = [], headers = [], text } = condition;
  if (!status.includes(answer.status)) return `the status is not ${status.join(' or ')}`;
  for (const { name, anyOf } of headers) {
    const found = answer.headers[name];
    if (found === undefined) return `there is no header ${name}`;
    if (typeof found !== 'string' || !isAmong(found, anyOf, messageId)) return `the header ${name} has another value`;
  }
  if (text === undefined && json.length === 0) return undefined;
  const body = decodeUtf8(answer.body);
  if (body === undefined) return 'the body is not UTF-8';
  if (text !== undefined && !body.includes(withId(text, messageId))) return 'the body does not contain the text';
  if (json.length === 0) return undefined;
  const root = parseJson(body);
  if (root === undefined) return 'the body is not JSON';
  for (const { pointer, anyOf } of json) {
    const found = valueAt(root.value, pointer);
    if (found === undefined) return `the body has nothing at ${pointer || 'its root'}`;
    if (!isAmong(found, anyOf, messageId)) return `the body has another value at ${pointer || 'its root'}`;
  }
  return undefined;
}

/** Whether a text is a JSON Pointer. */
export function isJsonPointer(text: string): boolean {
  return /^(\/([^~/]|~[01])*)*$/.test(text);
}

/** What a JSON Pointer (RFC 6901) leads to; undefined if it leads nowhere. */
export function valueAt(root: unknown, pointer: string): unknown {
  let at = root;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = /^(0|[1-9]\d*)$/.test(name) ? at[Number(name)] : undefined;
    // What an object has inherited was not in the answer.
    else if (typeof at === 'object' && at !== null && Object.hasOwn(at, name)) at = at[name as keyof typeof at];
    else return undefined;
  }
  return at;
}

function isAmong(found: unknown, anyOf: readonly JsonScalar[], messageId: string): boolean {
  return anyOf.some((value) => found === (typeof value === 'string' ? withId(value, messageId) : value));
}

function withId(text: string, messageId: string): string {
  // Not replaceAll with a text, which reads `$` in the ID.
  return text.split(MESSAGE_ID_PLACEHOLDER).join(messageId);
}

function decodeUtf8(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    // It throws for one reason only: bytes that are not UTF-8, such as those of a compressed answer.
    return undefined;
  }
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // An HTML page, or half an answer.
    return undefined;
  }
}
