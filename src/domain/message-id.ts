/** Longest message ID, in characters. It is a workflow ID, a Redis key and a RocketMQ key, so it is kept plain. */
export const MESSAGE_ID_MAX_LENGTH = 200;

/** Message IDs with this beginning would collide with the cutover workflow's own ID, `handover-<migration>`. */
export const RESERVED_ID_PREFIX = 'handover-';

const MESSAGE_ID = /^[A-Za-z0-9._:\-/+=@#~]{1,200}$/;

/** Whether `id` is a message ID: 1..200 ASCII letters, digits and `. _ : - / + = @ # ~`, not beginning with `handover-`. */
export function isMessageId(id: string): boolean {
  return MESSAGE_ID.test(id) && !id.startsWith(RESERVED_ID_PREFIX);
}
