/** What the codes of Node, OpenSSL and undici mean to a person. First match counts. */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^(ENOTFOUND|EAI_)/, 'its name could not be resolved'],
  [/^ECONNREFUSED$/, 'the connection was refused'],
  [/^UND_ERR_CONNECT_TIMEOUT$|^ETIMEDOUT$/, 'the connection was not up in time'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'there is no route to it'],
  [/^(ERR_TLS_|ERR_SSL_|EPROTO|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_)/, 'TLS failed'],
  [/^(ECONNRESET|EPIPE)$/, 'the connection was reset'],
  [/^UND_ERR_SOCKET$/, 'the connection was closed by the other side'],
  [/^UND_ERR_RES_CONTENT_LENGTH_MISMATCH$/, 'the answer was cut short'],
  [/^(HPE_|UND_ERR_HEADERS_OVERFLOW)/, 'the answer was not understood as HTTP'],
  [/^(UND_ERR_DESTROYED|UND_ERR_CLOSED)$/, 'the provider had been closed'],
  [/^UND_ERR_INVALID_ARG$|^UND_ERR_NOT_SUPPORTED$/, 'the request could not be written as HTTP'],
];

/**
 * Says in a few words why a request failed. Only the error's code is used: messages of errors may quote what the
 * provider sent, or hold a URL with its secrets.
 */
export function describeFailure(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return 'the request failed';
  const reason = REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? 'the request failed';
  return `${reason} (${code})`;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,59}$/.test(code) ? code : undefined;
}
