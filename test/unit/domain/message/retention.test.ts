import { describe, expect, it } from 'vitest';
import { findForgetful } from '../../../../src/domain/message/retention.js';

const DAY = 24 * 60 * 60 * 1_000;
const topic = { who: "Kafka keeps the messages of topic 'rewards'", setting: "the topic's retention.ms" };

describe('a memory that is too short', () => {
  it('is none where it reaches as far back as what is kept', () => {
    expect(
      findForgetful(15 * DAY, [
        { ...topic, keepsMs: 7 * DAY },
        { ...topic, keepsMs: 15 * DAY },
      ]),
    ).toEqual([]);
  });

  it('is told with both numbers and what to change', () => {
    expect(findForgetful(7 * DAY, [{ ...topic, keepsMs: 7 * DAY + 1 }])).toEqual([
      "Kafka keeps the messages of topic 'rewards' for 604800001 ms, the ledger remembers a settled message for 7 days: lower the topic's retention.ms, or raise settledLifetime to at least 604800001 ms",
    ]);
  });

  it('cannot be mended by a longer lifetime where something is kept for ever', () => {
    expect(findForgetful(36 * 60 * 60 * 1_000, [{ ...topic, keepsMs: 'for ever' }])).toEqual([
      "Kafka keeps the messages of topic 'rewards' for ever, the ledger remembers a settled message for 36 hours: lower the topic's retention.ms",
    ]);
  });
});
