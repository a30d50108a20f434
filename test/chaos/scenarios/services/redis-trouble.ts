import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const SLOW = 'Redis answers late';
const RESET = 'a connection to Redis is reset in the middle of something';
const LOST = "a script's answer is lost, and its connection reset";
const NO_SCRIPT = 'Redis has forgotten the scripts';
const READ_ONLY = 'Redis is a read-only replica';
const FULL = 'Redis has no memory left';
const DOWN = 'Redis is killed, and comes back';

/** A port that nobody listens on, for the primary that a replica never finds. */
const NOBODY = ['127.0.0.1', 1] as const;

/** The ledger's server in every state but amnesia: intake holds, nothing is paid on a guess, and it goes on by itself. */
export const redisTrouble: Scenario = {
  name: 'redis-trouble',
  promises: ['P1', 'P2', 'P3', 'P4'],
  covers: [13, 15],
  faults: [SLOW, RESET, LOST, NO_SCRIPT, READ_ONLY, FULL, DOWN],
  leastGranted: 50,
  set: 'short',
  async drive(rig) {
    await onTheWire(rig);
    await refusing(rig);
    await down(rig);
  },
};

async function onTheWire(rig: Rig): Promise<void> {
  const links = rig.ground.links.to('redis');
  const sum = (of: 'held' | 'reset' | 'lost'): number => links.reduce((total, link) => total + link.counts[of], 0);
  const [held, reset, lost] = [sum('held'), sum('reset'), sum('lost')];
  for (const link of links) link.slow(300);
  await rig.stream.sendNew(15);
  await rig.pause(1_500);
  for (const link of links) link.heal();
  for (let time = 0; time < 6; time += 1) {
    await rig.stream.sendNew(4);
    for (const link of links) link.loseAnswers(1);
    await rig.pause(200 + rig.draw() * 200);
    for (const link of links) link.reset();
  }
  for (const link of links) link.heal();
  rig.fired(SLOW, sum('held') - held);
  rig.fired(RESET, sum('reset') - reset);
  rig.fired(LOST, sum('lost') - lost);
}

async function refusing(rig: Rig): Promise<void> {
  const { redis } = rig.ground;
  const before = await countErrors(rig);
  for (let time = 0; time < 4; time += 1) {
    await redis.call('SCRIPT', 'FLUSH');
    await rig.stream.sendNew(3);
    await rig.pause(150);
  }
  await redis.call('REPLICAOF', ...NOBODY);
  await rig.stream.sendNew(8);
  await rig.pause(2_500);
  await redis.call('REPLICAOF', 'NO', 'ONE');
  await rig.pause(500);
  await redis.call('CONFIG', 'SET', 'maxmemory', '1mb');
  await rig.stream.sendNew(8);
  await rig.pause(2_500);
  await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  const after = await countErrors(rig);
  rig.fired(NO_SCRIPT, after('NOSCRIPT') - before('NOSCRIPT'));
  rig.fired(READ_ONLY, after('READONLY') - before('READONLY'));
  rig.fired(FULL, after('OOM') - before('OOM'));
}

async function down(rig: Rig): Promise<void> {
  const { services, signal, kafka } = rig.ground;
  await services.stop('redis', 'at once');
  rig.fired(DOWN);
  // What was handed out before is accepted by now, or never.
  await rig.pause(500);
  const before = await kafka.committed();
  await rig.stream.sendNew(10);
  await rig.pause(3_000);
  rig.expect((await kafka.committed()) === before, 'the Kafka group committed something while there was no ledger');
  await services.makeWhole(signal);
}

/** How often Redis itself has refused something, by the word that its refusal begins with. */
async function countErrors({ ground: { redis } }: Rig): Promise<(word: string) => number> {
  const text = String(await redis.call('INFO', 'errorstats'));
  return (word) => Number(new RegExp(`errorstat_${word}:count=(\\d+)`).exec(text)?.[1] ?? 0);
}
