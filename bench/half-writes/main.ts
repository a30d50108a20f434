/**
 * How long half writes take: `npx tsx bench/half-writes/main.ts --instance NAME --side kafka --percentage 100 --messages 2000`
 * publishes so many messages to one broker only, in one burst, while both sides work with the shipped settings, and measures
 * the steady rate of whole double writes in the same run. The stack must be up (`handover up --instance NAME`).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isSide, type Side } from '../../src/domain/side.js';
import { readStack } from '../../src/stack/state.js';
import { type LiveMigration, startLiveMigration } from '../../test/support/live-migration.js';
import { readMetric } from '../../test/support/metric.js';
import { Grants } from '../grants.js';

const AT_ONCE = 200;
/** The side's own traffic meanwhile, messages a second. */
const OWN_RATE = 5;
const LOOK_MS = 1_000;
const REPORT_MS = 10_000;

const { values: flags } = parseArgs({
  options: {
    instance: { type: 'string' },
    side: { type: 'string', default: 'kafka' },
    percentage: { type: 'string', default: '100' },
    messages: { type: 'string', default: '2000' },
    steady: { type: 'string', default: '1000' },
    patience: { type: 'string', default: '3' },
  },
});

async function publish(live: LiveMigration, count: number, sides?: readonly Side[]): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - ids.length) }, () =>
      live.publish(sides === undefined ? {} : { sides }),
    );
    ids.push(...(await Promise.all(batch)));
  }
  return ids;
}

const seconds = (from: number): number => Math.round((Date.now() - from) / 100) / 10;

async function main(): Promise<void> {
  const { side, instance } = flags;
  const [percentage, messages, steady] = [flags.percentage, flags.messages, flags.steady].map(Number) as [
    number,
    number,
    number,
  ];
  const stack = instance === undefined ? undefined : readStack(instance);
  if (stack === undefined || !isSide(side)) throw new Error('name a stack that is up, and a side: kafka or rocketmq');
  const shipped = {
    settlesWithin: undefined,
    attemptTimeout: undefined,
    retry: undefined,
    limits: { checkAfter: undefined },
  };
  const live = await startLiveMigration(stack, shipped as never);
  try {
    const workers = await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
    await live.setPolicy('setConsumption', { consumption: 'on' });
    await live.setPolicy('setPercentage', { hundredths: percentage * 100 });
    const grants = new Grants(live.ledgerFile);
    const settled = async (ids: readonly string[], limitMs: number, label: string): Promise<number> => {
      const from = Date.now();
      let reported = from;
      for (;;) {
        const done = grants.of(ids).size;
        if (done === ids.length || Date.now() - from > limitMs) return ids.length - done;
        if (Date.now() - reported > REPORT_MS) {
          reported = Date.now();
          console.error(`${label}: ${done} of ${ids.length} after ${seconds(from)} s; ${await stages(workers)}`);
        }
        await pause(LOOK_MS);
      }
    };

    const warm = await publish(live, 200);
    await settled(warm, 60_000, 'warm-up');
    const steadyFrom = Date.now();
    const whole = await publish(live, steady);
    await settled(whole, 180_000, 'whole double writes');
    const times = [...grants.of(whole).values()];
    const rate = steady / ((Math.max(...times) - steadyFrom) / 1_000);
    const budget = 60 + messages / (rate / 2);
    console.error(`steady rate ${rate.toFixed(1)}/s: the burst of ${messages} has ${budget.toFixed(0)} s`);

    const own: string[] = [];
    const ownAt = new Map<string, number>();
    let publishing = true;
    const burstFrom = Date.now();
    const burst = await publish(live, messages, [side]);
    console.error(`published in ${seconds(burstFrom)} s`);
    const traffic = (async () => {
      while (publishing) {
        const id = await live.publish();
        ownAt.set(id, Date.now());
        own.push(id);
        await pause(1_000 / OWN_RATE);
      }
    })();
    const left = await settled(burst, budget * Number(flags.patience) * 1_000, 'burst');
    const last = Math.max(...grants.of(burst).values());
    publishing = false;
    await traffic;
    const ownLeft = await settled(own, 120_000, 'own traffic');
    const waits = [...grants.of(own)].map(([id, at]) => at - (ownAt.get(id) ?? at)).sort((a, b) => a - b);
    const unrewarded = burst.concat(own).filter((id) => !grants.of([id]).has(id));
    const result = {
      side,
      percentage,
      messages,
      rate: Number(rate.toFixed(1)),
      budgetS: Math.round(budget),
      tookS: Math.round((last - burstFrom) / 1_000),
      left,
      twice: grants.twice().length,
      own: own.length,
      ownLeft,
      ownWaitMedianS: (waits[waits.length >> 1] ?? 0) / 1_000,
      ownWaitMaxS: (waits.at(-1) ?? 0) / 1_000,
      stalled: workers.map((worker) => worker.log().includes('intake-stalled')),
    };
    console.log(JSON.stringify(result));
    for (const id of unrewarded.slice(0, 5)) {
      console.error(id, JSON.stringify(await live.read(id)));
      const { events } = await live.client.workflow.getHandle(id).fetchHistory();
      for (const event of events ?? []) console.error(JSON.stringify(event).slice(0, 600));
    }
    if (unrewarded.length > 0) for (const worker of workers) console.error(worker.log().slice(-4_000));
  } finally {
    await live.close();
  }
}

async function stages(workers: readonly { readonly http: string }[]): Promise<string> {
  const names = ['held', 'lingering', 'waiting', 'in-hand'];
  const all = await Promise.all(
    workers.map(async (worker) =>
      (
        await Promise.all(
          names.map(async (stage) => `${stage} ${await readMetric(worker as never, 'handover_intake_deliveries', { stage })}`),
        )
      ).join(' '),
    ),
  );
  return all.join(' | ');
}

await main();
