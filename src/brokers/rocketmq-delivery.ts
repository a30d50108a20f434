import { createHash } from 'node:crypto';
import { gunzipSync, inflateSync } from 'node:zlib';
import type { Endpoints } from 'rocketmq-client-nodejs';
import definitions, { type Message } from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import { toError } from '../domain/errors.js';
import type { ReceiptHandle } from './receipt-handle.js';
import type { Delivery } from './source.js';

/** A delivery with what it takes to acknowledge it. */
export interface PoppedDelivery {
  readonly delivery: Delivery;
  /** The queue that it came from, `<broker>/<queue>`. */
  readonly queue: string;
  /** Whether nobody in the group had it before. */
  readonly firstTime: boolean;
  readonly handle: ReceiptHandle;
}

export interface PopOrigin {
  readonly broker: string;
  readonly endpoints: Endpoints;
  readonly receivedAt: number;
}

/**
 * Reads one message as the proxy sent it. The client's own view of a message leaves out the queue and the store time, and
 * throws at a body that it cannot decompress, which would fail the whole batch at every redelivery.
 */
export function poppedDelivery(message: Message, { broker, endpoints, receivedAt }: PopOrigin): PoppedDelivery {
  const system = message.getSystemProperties() ?? new definitions.SystemProperties();
  const topic = message.getTopic()?.getName() ?? '';
  const queue = `${broker}/${system.getQueueId()}`;
  const keys = system.getKeysList();
  const stored = system.getStoreTimestamp() ?? system.getBornTimestamp();
  return {
    queue,
    firstTime: (system.getDeliveryAttempt() ?? 1) <= 1,
    handle: { topic, messageId: system.getMessageId(), endpoints, receiptHandle: system.getReceiptHandle() ?? '' },
    delivery: {
      side: 'rocketmq',
      topic,
      coordinates: `rocketmq:${topic}/${queue}/${system.getQueueOffset() ?? 0}`,
      properties: new Map(message.getUserPropertiesMap().entries()),
      key: keys.length > 0 ? keys.join(' ') : undefined,
      ...readBody(Buffer.from(message.getBody_asU8()), system),
      storedAt: stored?.toDate().getTime() ?? receivedAt,
      receivedAt,
    },
  };
}

/** What the proxy may vouch for a body with; it uses MD5. */
const DIGESTS: Readonly<Record<number, string>> = {
  [definitions.DigestType.MD5]: 'md5',
  [definitions.DigestType.SHA1]: 'sha1',
};

type SystemProperties = NonNullable<ReturnType<Message['getSystemProperties']>>;

function readBody(body: Buffer, system: SystemProperties): Pick<Delivery, 'body' | 'damaged'> {
  const digest = system.getBodyDigest();
  const algorithm = DIGESTS[digest?.getType() ?? definitions.DigestType.DIGEST_TYPE_UNSPECIFIED];
  const checksum = digest?.getChecksum().toUpperCase();
  if (algorithm !== undefined && createHash(algorithm).update(body).digest('hex').toUpperCase() !== checksum) {
    return { body, damaged: `its ${algorithm} digest does not match` };
  }
  if (system.getBodyEncoding() !== definitions.Encoding.GZIP) return { body };
  try {
    return { body: decompress(body) };
  } catch (error) {
    return { body, damaged: `it cannot be decompressed: ${toError(error).message}` };
  }
}

/**
 * The proxy says `GZIP` of whatever a producer marked as compressed. Remoting producers compress with zlib by default, and
 * the broker may have decompressed it on the way, so the bytes decide.
 */
function decompress(body: Buffer): Buffer {
  const [first = 0, second = 0] = body;
  if (first === 0x1f && second === 0x8b) return gunzipSync(body);
  if ((first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0) return inflateSync(body);
  return body;
}
