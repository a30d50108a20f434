import { createHash } from 'node:crypto';
import type { Endpoints } from 'rocketmq-client-nodejs';
import definitions, { type Message } from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import { toError } from '../../domain/errors.js';
import { type Encoding, inflateWithin } from '../inflate/inflate.js';
import { ThreadLost } from '../inflate/zstd.js';
import type { BrokerTime, Delivery } from '../source.js';
import { poppedAt, type ReceiptHandle } from './receipt-handle.js';

/** A delivery with what it takes to acknowledge it. */
export interface PoppedDelivery {
  readonly delivery: Delivery;
  /** The queue that it came from, `<broker>/<queue>`. */
  readonly queue: string;
  /** Whether nobody in the group had it before. */
  readonly firstTime: boolean;
  /** When the poll that brought it began, by this machine's clock (ms since the epoch). */
  readonly askedAt: number;
  readonly handle: ReceiptHandle;
}

export interface PopOrigin {
  readonly broker: string;
  readonly endpoints: Endpoints;
  readonly receivedAt: number;
  /** When the poll that it answers was begun, by the same clock. */
  readonly askedAt: number;
  /** Largest body, once it is decompressed. */
  readonly bodyBytes: number;
}

/**
 * Reads one message as the proxy sent it. The client's own view of a message leaves out the queue and the store time,
 * decompresses without a bound, and throws at a body that it cannot decompress, which would fail the whole batch at every
 * redelivery.
 */
export async function poppedDelivery(message: Message, origin: PopOrigin): Promise<PoppedDelivery> {
  const { broker, endpoints, receivedAt, askedAt, bodyBytes } = origin;
  const system = message.getSystemProperties() ?? new definitions.SystemProperties();
  const topic = message.getTopic()?.getName() ?? '';
  const queue = `${broker}/${system.getQueueId()}`;
  const keys = system.getKeysList();
  const stored = system.getStoreTimestamp() ?? system.getBornTimestamp();
  const firstTime = (system.getDeliveryAttempt() ?? 1) <= 1;
  return {
    queue,
    firstTime,
    askedAt,
    handle: { topic, messageId: system.getMessageId(), endpoints, receiptHandle: system.getReceiptHandle() ?? '' },
    delivery: {
      side: 'rocketmq',
      topic,
      coordinates: `rocketmq:${topic}/${queue}/${system.getQueueOffset() ?? 0}`,
      properties: new Map(message.getUserPropertiesMap().entries()),
      key: keys.length > 0 ? keys.join(' ') : undefined,
      ...(await readBody(Buffer.from(message.getBody_asU8()), system, bodyBytes)),
      storedAt: stored?.toDate().getTime() ?? receivedAt,
      receivedAt,
      brokerTime: brokerTimeOf(system, firstTime, origin),
    },
  };
}

/**
 * The broker's store time by this machine's clock. The receipt handle says when the broker handed the message out, by the
 * same clock of its own as the store time, and that was after the poll began here and before the answer came: so the
 * message is as old as the two differ, whatever the broker's clock shows. What comes again was stored anew for that.
 */
function brokerTimeOf(
  system: SystemProperties,
  firstTime: boolean,
  { askedAt, receivedAt }: Pick<PopOrigin, 'askedAt' | 'receivedAt'>,
): BrokerTime {
  const stored = system.getStoreTimestamp()?.toDate().getTime();
  const popped = poppedAt(system.getReceiptHandle() ?? '');
  // Before it was stored: the broker's clock was set in between, or the store time is another broker's.
  if (stored === undefined || popped === undefined || popped < stored) return { by: receivedAt };
  const age = popped - stored;
  return { by: receivedAt - age, ...(firstTime && { after: askedAt - age }) };
}

/** What the proxy may vouch for a body with; it uses MD5. */
const DIGESTS: Readonly<Record<number, string>> = {
  [definitions.DigestType.MD5]: 'md5',
  [definitions.DigestType.SHA1]: 'sha1',
};

type SystemProperties = NonNullable<ReturnType<Message['getSystemProperties']>>;

async function readBody(
  body: Buffer,
  system: SystemProperties,
  bodyBytes: number,
): Promise<Pick<Delivery, 'body' | 'damaged' | 'tooLarge'>> {
  const digest = system.getBodyDigest();
  const algorithm = DIGESTS[digest?.getType() ?? definitions.DigestType.DIGEST_TYPE_UNSPECIFIED];
  const checksum = digest?.getChecksum().toUpperCase();
  if (algorithm !== undefined && createHash(algorithm).update(body).digest('hex').toUpperCase() !== checksum) {
    return { body, damaged: `its ${algorithm} digest does not match` };
  }
  const encoding = system.getBodyEncoding() === definitions.Encoding.GZIP ? encodingOf(body) : undefined;
  if (encoding === undefined) return { body };
  try {
    const inflated = await inflateWithin(encoding, body, bodyBytes);
    return inflated === undefined ? { body, tooLarge: { encoding } } : { body: inflated };
  } catch (error) {
    if (error instanceof ThreadLost) throw error;
    return { body, damaged: `it cannot be decompressed: ${toError(error).message}` };
  }
}

/**
 * The proxy says `GZIP` of whatever a producer marked as compressed. Remoting producers compress with zlib by default, or
 * with LZ4 or Zstandard, and the broker may have decompressed it on the way, so the bytes decide.
 */
function encodingOf(body: Buffer): Encoding | undefined {
  if (body.length < 4) return undefined;
  const [first = 0, second = 0] = body;
  if (first === 0x1f && second === 0x8b) return 'gzip';
  if ((first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0) return 'zlib';
  const magic = body.readUInt32LE(0);
  if (magic === 0xfd2f_b528) return 'zstd';
  return magic === 0x184d_2204 ? 'lz4' : undefined;
}
