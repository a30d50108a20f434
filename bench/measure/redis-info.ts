/** What Redis has counted since it was started. */
export interface RedisCounts {
  /** Calls by command, those that scripts make included. */
  readonly calls: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Reads the answer of `INFO`, sections `commandstats` and `stats`; what was asked for by itself is left out. */
export function parseRedisInfo(text: string): RedisCounts {
  const calls: Record<string, number> = {};
  for (const [, command = '', count] of text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (command !== 'info') calls[command] = Number(count);
  }
  return {
    calls,
    bytesIn: numberIn(text, 'total_net_input_bytes'),
    bytesOut: numberIn(text, 'total_net_output_bytes'),
  };
}

/** A number of an answer of `INFO`. @throws RangeError where it is not in there */
export function numberIn(text: string, field: string): number {
  const match = new RegExp(`^${field}:(\\d+)`, 'm').exec(text);
  if (match === null) throw new RangeError(`Redis does not tell ${field}`);
  return Number(match[1]);
}
