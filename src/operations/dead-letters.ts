import { instant } from '../domain/text.js';
import type { DeadLetterEntry } from '../ledger/redis/stores/dead-letter-index.js';

/** A dead letter as `dead-letters --json` promises it. */
export interface DeadLetterView {
  /** The ID that it bore, however malformed; null if it bore none. */
  readonly messageId: string | null;
  readonly reason: DeadLetterEntry['reason'];
  /** Coordinates of the delivery on its broker. */
  readonly source: string;
  /** When it was dead-lettered, as an ISO 8601 instant. */
  readonly time: string;
  /** The workflow that keeps it, where its topic did not take it; not there if its topic has it. */
  readonly keptAs?: string;
}

export function viewDeadLetter({ messageId, reason, source, time, keptAs }: DeadLetterEntry): DeadLetterView {
  return { messageId: messageId ?? null, reason, source, time: instant(time), ...(keptAs !== undefined && { keptAs }) };
}
