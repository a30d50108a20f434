/** Longest pause that a provider can ask for, in ms: an hour. A longer one is cut, so that a wrong date cannot strand a message. */
export const RETRY_AFTER_MAX_MS = 3_600_000;

/** RFC 9110, section 5.6.7: the form to send, and the two old ones that a recipient has to understand. */
const IMF_FIXDATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_850_DATE = /^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * Reads a Retry-After header into the pause it asks for, in ms from `now`, at most {@link RETRY_AFTER_MAX_MS}.
 * Undefined when it is neither whole seconds nor an HTTP date: a header that says nothing promises nothing.
 *
 * @param now The time by the provider's clock (its Date header) where known, as the two clocks may differ. In ms.
 */
export function readRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, RETRY_AFTER_MAX_MS);
  const date = readHttpDate(text);
  return date === undefined ? undefined : Math.min(Math.max(date - now, 0), RETRY_AFTER_MAX_MS);
}

/** Reads an HTTP date in any of its three forms, as ms since the epoch; undefined if it is not one. */
export function readHttpDate(value: string): number | undefined {
  const text = value.trim();
  // Without a zone of its own, asctime's form would be read as local time.
  const zoned = ASCTIME_DATE.test(text) ? `${text} GMT` : text;
  if (zoned === text && !IMF_FIXDATE.test(text) && !RFC_850_DATE.test(text)) return undefined;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}
