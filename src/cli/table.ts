/** Rows as lines with aligned columns, under a line of headings. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [headings, ...rows.map((row) => row.map(inOneLine))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** What others have written must neither break a line nor steer the terminal. */
export function inOneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** An instant as people read it, and as it sorts. */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}
