import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Log } from '../../../src/domain/log.js';
import type { Retention } from '../../../src/domain/message/retention.js';
import { RetentionWatch } from '../../../src/workers/retention.js';

const DAY = 24 * 60 * 60 * 1_000;
const errors: unknown[] = [];
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields: object) => void errors.push(fields),
};
const keeps = (days: number): Retention => ({ who: 'X keeps it', keepsMs: days * DAY, setting: 'its retention' });
let watch: RetentionWatch | undefined;

afterEach(() => watch?.stop());

/** Kafka's answer is `answers.kafka`; without one it is refused, as without the right to describe a topic. */
function start(answers: { kafka?: number; temporal?: number }, acceptLonger = false): Promise<RetentionWatch> {
  const ask = async (days: number | undefined): Promise<Retention> => {
    if (days === undefined) throw new Error('Not authorized to describe it');
    return keeps(days);
  };
  return RetentionWatch.start({
    settledLifetimeMs: 15 * DAY,
    acceptLonger,
    temporal: () => ask(answers.temporal),
    broker: () => ask(answers.kafka),
    log,
    everyMs: 5,
  });
}

describe('a check of the start that could not be made', () => {
  it('is shown, holds nothing, and is made again until it could', async () => {
    const answers: { kafka?: number; temporal?: number } = { temporal: 3 };
    watch = await start(answers);
    expect(watch.unchecked()).toEqual(['retention of Kafka: Not authorized to describe it']);
    expect(watch.reason()).toBeUndefined();
    answers.kafka = 7;
    await vi.waitFor(() => expect(watch?.unchecked()).toEqual([]));
    expect(watch.reason()).toBeUndefined();
  });

  it('makes intake hold when it fails later, which is told loudly, until it is mended', async () => {
    const answers: { kafka?: number; temporal?: number } = { temporal: 3 };
    watch = await start(answers);
    answers.kafka = 30;
    await vi.waitFor(() => expect(watch?.reason()).toMatch(/forget too early: X keeps it for 30 days/));
    expect(errors).toHaveLength(1);
    let went = false;
    const going = watch.whenWhole(new AbortController().signal).then(() => {
      went = true;
    });
    expect(went).toBe(false);
    answers.kafka = 7;
    await going;
    expect(watch.reason()).toBeUndefined();
  });

  it('lets Temporal count as remembering nothing meanwhile', async () => {
    const answers: { kafka?: number; temporal?: number } = { kafka: 7 };
    watch = await start(answers);
    expect(watch.witnessMs()).toBe(0);
    answers.temporal = 3;
    await vi.waitFor(() => expect(watch?.witnessMs()).toBeGreaterThan(2 * DAY));
  });

  it('is not made of the broker where a longer retention is accepted', async () => {
    watch = await start({ temporal: 90 }, true);
    expect(watch.unchecked()).toEqual([]);
    expect(watch.witnessMs()).toBeGreaterThan(80 * DAY);
  });
});

it('refuses to start where what is known at the start is kept for longer than the ledger remembers', async () => {
  await expect(start({ kafka: 30 })).rejects.toMatchObject({ code: 'config-invalid' });
});
