/** The entries, or when there are more than `most`, without every other one of the older half. */
export function thinned<T>(entries: readonly T[], most: number): T[] {
  return entries.filter((_, index) => entries.length <= most || index % 2 === 0 || index > entries.length / 2);
}
