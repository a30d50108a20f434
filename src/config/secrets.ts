/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** A shorter value is no secret worth the name, and striking it out everywhere would leave no text readable. */
const SHORTEST_SECRET = 4;

/** Values that must never be shown, and the way to strike them out of a text. */
export class SecretRegistry {
  /** Longest first, so that a secret which contains another one is struck out whole. */
  #values: string[] = [];

  /** Takes a value for a secret from now on, also in the forms in which it appears in URLs, in JSON and in Basic credentials. */
  add(value: string | undefined): void {
    if (value === undefined) return;
    const bytes = Buffer.from(value);
    // Through UTF-8, as a lone surrogate cannot be percent-encoded.
    const forms = [
      value,
      encodeURIComponent(bytes.toString()),
      JSON.stringify(value).slice(1, -1),
      bytes.toString('base64'),
    ];
    const known = new Set([...this.#values, ...forms.filter((form) => form.trim().length >= SHORTEST_SECRET)]);
    this.#values = [...known].sort((a, b) => b.length - a.length);
  }

  /** Takes the credentials and the query of a URL for secrets; what is no URL has none. */
  addUrl(text: string): void {
    if (!URL.canParse(text)) return;
    const { username, password, searchParams } = new URL(text);
    // A name alone is a token; beside a password it is a name, and may be a word like any other.
    const [name, secret] = [decoded(username), decoded(password === '' ? username : password)];
    this.add(secret);
    if (password !== '') this.add(Buffer.from(`${name}:${secret}`).toString('base64'));
    for (const value of searchParams.values()) this.add(value);
  }

  redact(text: string): string {
    return this.#values.reduce((rest, value) => rest.replaceAll(value, REDACTED), text);
  }
}

/** The secrets of this process. Reading the configuration fills it; whatever is logged or printed passes through it. */
export const secrets = new SecretRegistry();

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: then the text stands for itself.
    return text;
  }
}
