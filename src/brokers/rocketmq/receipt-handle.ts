import type { Endpoints } from 'rocketmq-client-nodejs';

/** What the proxy wants to see to acknowledge or extend a delivery. Changes with every extension, so it is never copied. */
export interface ReceiptHandle {
  readonly topic: string;
  readonly messageId: string;
  readonly endpoints: Endpoints;
  receiptHandle: string;
}

/** Where the text of a receipt handle, numbers and names between spaces, says which message it is for. */
const FIRST_OFFSET = 0;
const POP_TIME = 1;
const OWN_OFFSET = 7;

/**
 * The text for what the broker recorded at an extension. It finds a record again by the offset that the record begins with,
 * which for a batch is that of its first message, and for an extension that of the message alone. A proxy within a broker
 * goes on to name the batch's ({@link https://github.com/apache/rocketmq/issues/9583}): the broker then answers the next
 * extension or acknowledgement with success, has no record for it, and delivers the message again.
 */
export function forExtension(receiptHandle: string): string {
  const fields = receiptHandle.split(' ');
  const own = fields[OWN_OFFSET];
  if (own === undefined || !/^\d+$/.test(own)) return receiptHandle;
  return fields.with(FIRST_OFFSET, own).join(' ');
}

/** When the broker handed the message out, by its own clock (ms since the epoch); undefined where the handle does not say. */
export function poppedAt(receiptHandle: string): number | undefined {
  const fields = receiptHandle.split(' ');
  const time = fields[POP_TIME];
  return fields.length > OWN_OFFSET && time !== undefined && /^\d{13}$/.test(time) ? Number(time) : undefined;
}
