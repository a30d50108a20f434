import { createHash } from 'node:crypto';

/** A stream of numbers, 0 (included) .. 1 (excluded), that is the same for the same seed. */
export function seededNumbers(seed: string): () => number {
  let drawn = 0;
  return () => {
    const hash = createHash('sha256').update(`${seed}:${drawn}`).digest();
    drawn += 1;
    return hash.readUInt32BE(0) / 2 ** 32;
  };
}

/** The whole numbers 0..count-1 in an order that `draw` decides. */
export function shuffled(count: number, draw: () => number): readonly number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  // Sorted by a drawn key each, which is as fair as the draw is.
  const keys = numbers.map(draw);
  return numbers.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
}
