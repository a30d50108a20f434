import type { MessageInput } from '../../src/domain/run.js';
import type { MessageResult } from '../../src/workflows/message/contract.js';

/** In place of the message workflow, under its name: what a recovery sees of one that has long been rewarded. */
export async function message({ decision, fingerprint }: MessageInput): Promise<MessageResult> {
  return { outcome: 'granted', owner: 'kafka', round: 1, attempt: 1, origin: { decision, fingerprint } };
}
