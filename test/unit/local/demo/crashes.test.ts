import { describe, expect, it } from 'vitest';
import { Crashes } from '../../../../src/local/demo/crashes.js';

function setUp(restart: () => Promise<void> = async () => undefined) {
  const events: string[] = [];
  const failures: unknown[] = [];
  const crashes = new Crashes({
    fleet: {
      async killBusy(side) {
        events.push(`kill ${side}`);
        return { name: `${side}-1`, inHand: 2 };
      },
      async restart(_side, name) {
        await restart();
        events.push(`restart ${name}`);
      },
    },
    total: 100,
    signal: new AbortController().signal,
    onCrash: ({ name }) => events.push(`${name} is dead`),
    onFailure: (error) => failures.push(error),
  });
  return { crashes, events, failures };
}

describe('the crashes of a run', () => {
  it('hit one worker of each side once, and each is started again', async () => {
    const { crashes, events } = setUp();
    for (let handed = 1; handed <= 100; handed += 1) {
      crashes.onHanded(handed);
      if (handed === 34) expect(events).toEqual([]);
    }
    await crashes.recovered();
    expect(events.toSorted()).toEqual(
      [
        'kill kafka',
        'kafka-1 is dead',
        'restart kafka-1',
        'kill rocketmq',
        'restart rocketmq-1',
        'rocketmq-1 is dead',
      ].toSorted(),
    );
    expect(crashes.killed.map(({ name }) => name)).toEqual(['kafka-1', 'rocketmq-1']);
  });

  it('are a failure of the run where a worker does not come back', async () => {
    const lost = new Error('it does not come back');
    const { crashes, failures } = setUp(() => Promise.reject(lost));
    crashes.onHanded(50);
    await crashes.recovered();
    expect(failures).toEqual([lost]);
  });
});
