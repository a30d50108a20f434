import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMessageId } from '../../../../src/domain/message/message.js';
import { PERCENTAGES, type Planned, type PlannedMessage, planStream } from '../../../../src/local/demo/plan.js';

const plan = planStream({ messages: 2_000, seed: '1', run: 'demo-test' });
const stream = plan.phases.flat();
const messagesOf = (items: readonly Planned[]): PlannedMessage[] =>
  items.flatMap((item) => (item.kind === 'message' ? [item] : []));

function countById(items: readonly PlannedMessage[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { messageId } of items) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
  return counts;
}

describe('the stream that the demo publishes', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planStream({ messages: 2_000, seed: '1', run: 'demo-test' })).toEqual(plan);
    expect(planStream({ messages: 2_000, seed: '2', run: 'demo-test' })).not.toEqual(plan);
  });

  it('has no ID in common with that of another run', () => {
    const other = planStream({ messages: 2_000, seed: '1', run: 'demo-else' });
    const ids = new Set(plan.messages.map(({ messageId }) => messageId));
    expect(other.messages.some(({ messageId }) => ids.has(messageId))).toBe(false);
  });

  it('sends 3 % twice, 1 % to one broker and 1 % poison', () => {
    const counts = [...countById(messagesOf(stream)).values()];
    expect(plan.messages).toHaveLength(1_980);
    expect(counts.filter((count) => count === 2)).toHaveLength(60);
    expect(counts.every((count) => count <= 2)).toBe(true);
    expect(plan.poison).toHaveLength(20);
    expect(stream).toHaveLength(2_060);
  });

  it('reaches one broker only in each direction, as often in one as in the other', () => {
    const oneSided = plan.messages.filter(({ sides }) => sides.length === 1).map(({ sides }) => sides[0]);
    expect(oneSided.filter((side) => side === 'kafka')).toHaveLength(10);
    expect(oneSided.filter((side) => side === 'rocketmq')).toHaveLength(10);
  });

  it('repeats a message only after it was sent, and some of them under the next percentage', () => {
    const firstPhase = new Map<string, number>();
    let repeatsOfEarlierPhases = 0;
    plan.phases.forEach((items, phase) => {
      for (const { messageId } of messagesOf(items)) {
        const first = firstPhase.get(messageId);
        if (first === undefined) firstPhase.set(messageId, phase);
        else if (first < phase) repeatsOfEarlierPhases += 1;
      }
    });
    expect(plan.messages.every(({ messageId, phase }) => firstPhase.get(messageId) === phase)).toBe(true);
    expect(repeatsOfEarlierPhases).toBeGreaterThan(0);
  });

  it('gives valid messages an ID that is one, which is in the body, too', () => {
    for (const { messageId, body } of plan.messages) {
      expect(isMessageId(messageId)).toBe(true);
      expect(JSON.parse(body).messageId).toBe(messageId);
    }
  });

  it('has equal numbers of messages in each phase, and every fault, whatever the size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 3_000 }), fc.string(), (messages, seed) => {
        const { phases, messages: valid, poison } = planStream({ messages, seed, run: 'demo-x' });
        expect(phases).toHaveLength(PERCENTAGES.length);
        expect(valid.length + poison.length).toBe(messages);
        expect(poison.length).toBe(Math.ceil(messages / 100));
        const sizes = PERCENTAGES.map(
          (_, phase) => [...valid, ...poison].filter((planned) => planned.phase === phase).length,
        );
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(phases.flat().length).toBe(messages + Math.ceil((messages * 3) / 100));
      }),
      { numRuns: 30 },
    );
  });
});
