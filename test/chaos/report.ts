import { renderTable } from '../../src/cli/output.js';
import type { ScenarioResult } from './scenario.js';

const HEADINGS = ['SCENARIO', 'MESSAGES', 'GRANTED', 'FAULTS', 'DUPLICATES', 'LOST', 'PARKED', 'RECOVERY', 'TOOK', ''];

/** The last word for a person: a row for each run of a scenario, and what was broken. */
export function describeResults(results: readonly ScenarioResult[]): readonly string[] {
  const rows = results.map((one) => [
    one.name,
    ...[one.messages, one.granted, one.faultsFired, one.duplicates, one.lost, one.parked].map(String),
    `${one.recoverySeconds} s`,
    `${one.seconds} s`,
    one.ok ? 'ok' : 'BROKEN',
  ]);
  const broken = results.flatMap(({ name, seed, broken }) => broken.map((what) => `${name} (--seed ${seed}): ${what}`));
  const rowsCovered = coveredBy(results);
  return [
    ...renderTable(HEADINGS, rows),
    '',
    `rows of the list of faults covered: ${rowsCovered.join(', ')}`,
    ...broken,
  ];
}

/** The rows of the list of faults that these results cover. */
export function coveredBy(results: readonly Pick<ScenarioResult, 'covers'>[]): readonly number[] {
  return [...new Set(results.flatMap(({ covers }) => covers))].sort((a, b) => a - b);
}

/** The figures of a long run, summed up for each scenario. */
export function writeReport(
  results: readonly ScenarioResult[],
  about: { readonly seed: string; readonly took: number },
): string {
  const names = [...new Set(results.map(({ name }) => name))];
  const lines = names.map((name) => {
    const runs = results.filter((one) => one.name === name);
    const sum = (of: (one: ScenarioResult) => number): number => runs.reduce((total, one) => total + of(one), 0);
    const recoveries = runs.map(({ recoverySeconds }) => recoverySeconds).sort((a, b) => a - b);
    const figures = [
      ...[runs.length, sum(({ messages }) => messages), sum(({ granted }) => granted)],
      ...[sum(({ faultsFired }) => faultsFired), sum(({ duplicates }) => duplicates), sum(({ lost }) => lost)],
      sum(({ parked }) => parked),
      `${recoveries[Math.floor(recoveries.length / 2)] ?? 0} / ${recoveries.at(-1) ?? 0}`,
      runs.filter(({ ok }) => !ok).length,
    ];
    return `| ${[name, runs[0]?.covers.join(' '), ...figures].join(' | ')} |`;
  });
  const broken = results.flatMap(({ name, seed, broken }) => broken.map((what) => `- ${name}, seed ${seed}: ${what}`));
  return `# The last long run of the chaos harness

\`npm run chaos -- --minutes ${Math.round(about.took / 60)}\`, seed ${about.seed}: ${results.length} runs of scenarios in ${Math.round(about.took / 60)} minutes. Duplicates and
losses are counted by the provider's own file and by Temporal. Recovery is the time from the end of the faults until every
message had come to an end, median / longest, in seconds. Rows are those of the list of faults in test/chaos/scenarios.
\`-inline-first\`: with \`dispatch: 'inline-first'\`.

| scenario | rows | runs | messages | granted | faults seen | duplicates | lost | parked | recovery | broken |
|---|---|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}

Rows covered: ${coveredBy(results).join(', ')}.
${broken.length === 0 ? 'No promise was broken.' : `Broken:\n\n${broken.join('\n')}`}
`;
}
