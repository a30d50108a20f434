import { expect, test } from 'vitest';
import { createTurns } from '../../../src/workflows/turns.js';

test('nobody begins before the one in front has ended, even if that one failed', async () => {
  const takeTurn = createTurns();
  const seen: string[] = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });

  const first = takeTurn(async () => {
    seen.push('first begins');
    await gate;
    seen.push('first fails');
    throw new Error('first');
  });
  const second = takeTurn(async () => {
    seen.push('second begins');
    return 2;
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(seen).toEqual(['first begins']);

  open();
  await expect(first).rejects.toThrow('first');
  await expect(second).resolves.toBe(2);
  expect(seen).toEqual(['first begins', 'first fails', 'second begins']);
});
