import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Places } from '../../../src/intake/places.js';

const forever = new AbortController().signal;

describe('places', () => {
  it('are never taken by more than the limit, however many come back at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 40 }), async (limit, deliveries) => {
        const places = new Places(limit);
        let most = 0;
        const note = (): void => {
          most = Math.max(most, places.taken);
        };
        const work: Promise<void>[] = [];
        // One asks at a time, as a source does.
        for (let entered = 0; entered < deliveries; entered += 1) {
          await places.whenFree(forever);
          const worked = places.occupy(async (place) => {
            place.leave();
            await place.comeBack(forever);
            note();
            await Promise.resolve();
            note();
          });
          work.push(worked);
        }
        await Promise.all(work);
        expect(places.taken).toBe(0);
        expect(most).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('let nobody wait on whose signal is aborted, and lose no place by it', async () => {
    const places = new Places(1);
    const impatient = new AbortController();
    let leave: (() => void) | undefined;
    const first = places.occupy((place) => new Promise<void>((resolve) => (leave = () => resolve(place.leave()))));
    const second = places.occupy(async (place) => {
      place.leave();
      await place.comeBack(impatient.signal);
    });
    impatient.abort(new Error('stopping'));
    await expect(second).rejects.toThrow('stopping');
    leave?.();
    await first;
    expect(await places.whenFree(forever)).toBe(1);
  });
});
