import { BEFORE_START } from '../../domain/policy/start.js';

/** Longest reason that is kept, in characters. */
const REASON_MAX_LENGTH = 200;

const ADOPTED = 'adopted: ';

/**
 * A reason as the ledger stores it. A settled record lives for weeks, and nearly all of them carry one of the policy's
 * own reasons, so these are shortened: `bucket 812 <= 1000` to `b812<=1000`. Others are kept as they are, cut to 200
 * characters.
 */
export function packReason(reason: string): string {
  const bucket = /^bucket (\d+) (<=|>) (\d+)$/.exec(reason);
  if (bucket !== null) return `b${bucket[1]}${bucket[2]}${bucket[3]}`;
  if (reason === 'whitelisted') return 'w';
  if (reason === 'switch off') return 's';
  if (reason === BEFORE_START) return 'p';
  const text = [...reason].slice(0, REASON_MAX_LENGTH).join('');
  return text.startsWith(ADOPTED) ? `a${text.slice(ADOPTED.length)}` : `=${text}`;
}

/** The reason that {@link packReason} packed. */
export function unpackReason(packed: string): string {
  const rest = packed.slice(1);
  switch (packed[0]) {
    case 'b': {
      const [, bucket, relation, hundredths] = /^(\d+)(<=|>)(\d+)$/.exec(rest) ?? [];
      return bucket === undefined ? rest : `bucket ${bucket} ${relation} ${hundredths}`;
    }
    case 'w':
      return 'whitelisted';
    case 's':
      return 'switch off';
    case 'p':
      return BEFORE_START;
    case 'a':
      return `${ADOPTED}${rest}`;
    default:
      return rest;
  }
}
