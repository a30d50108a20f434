/** What others have written must neither break a line nor steer the terminal. */
export function inOneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** An instant as people read it, and as it sorts. */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** A duration for people: its two largest units, rounded down. */
export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([count], i) => i === 0 || count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
