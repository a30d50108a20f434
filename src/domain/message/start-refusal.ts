/** What a Temporal server said when it did not start a workflow. */
export interface StartFault {
  /** Its gRPC status code; undefined where no server has answered. */
  readonly code?: number | undefined;
  /** The server's own words. */
  readonly words: string;
}

/** gRPC status codes by which a server refuses a request for what it holds, or for how large it is. */
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;

/**
 * What servers say of one request alone: of its size, of its payload, of its ID. Words, as the codes say the same of what
 * concerns every request (a search attribute that is missing, a rate that is exceeded).
 */
const OF_ONE_REQUEST: readonly (readonly [code: number, words: RegExp])[] = [
  [INVALID_ARGUMENT, /blob data size exceeds limit/i],
  [INVALID_ARGUMENT, /(payloads?|memo)\b.*\bsize\b.*exceed/i],
  [INVALID_ARGUMENT, /workflow ?id .*(exceeds|length|invalid|not valid)/i],
  [RESOURCE_EXHAUSTED, /message .*larger than max/i],
];

/**
 * Whether Temporal refuses to start a workflow for this message, and will refuse it again: the message is set aside. Of
 * anything else (credentials, a namespace that is missing, words that nobody knows) it is not sure that the next message
 * would fare better, so intake holds, and says why.
 */
export function refusesThisMessage({ code, words }: StartFault): boolean {
  return OF_ONE_REQUEST.some(([of, pattern]) => code === of && pattern.test(words));
}
