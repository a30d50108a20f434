/**
 * Every fault that handover itself reports, and the one place that says what may be tried again as it stands.
 * `true`: a dependency was away or slow, and the same call may succeed later. `false`: repeating it changes nothing.
 */
export const ERROR_CODES = {
  'config-invalid': false,
  'wrong-use': false,
  'connections-incomplete': false,
  'provider-missing': false,
  'stack-not-running': false,
  'stack-failed': false,
  'port-taken': false,
  'tool-missing': false,
  'fetch-failed': false,
  'ledger-unavailable': true,
  'ledger-rejected': false,
  'policy-unknown': true,
  'policy-stale': false,
  'policy-refused': false,
  'broker-unavailable': true,
  'broker-refused': false,
  'topic-missing': true,
  'dead-letters-refused': false,
  'temporal-unavailable': true,
  'namespace-missing': false,
  'no-worker': true,
  'message-unknown': false,
  'message-invalid': false,
  'resolution-refused': false,
  'settlement-invalid': false,
  'not-stranded': false,
  'promise-broken': false,
  interrupted: false,
} as const satisfies Record<string, boolean>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface HandoverErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** What the person who reads the message can do next, as one sentence. */
  readonly hint?: string;
  /** The message at stake, where there is one. */
  readonly messageId?: string;
}

/** A fault with a code of the closed set {@link ERROR_CODES}. Its message never holds a secret or a message body. */
export class HandoverError extends Error {
  override readonly name = 'HandoverError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly messageId: string | undefined;

  constructor(code: ErrorCode, message: string, options: HandoverErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.messageId = options.messageId;
  }
}

/** Whether the same call may succeed later without anybody changing anything. Faults that are not ours are not retryable. */
export function isRetryable(error: unknown): boolean {
  return error instanceof HandoverError && ERROR_CODES[error.code];
}

/** What was thrown, as an `Error`: libraries may throw anything. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
