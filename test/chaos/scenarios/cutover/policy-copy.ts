import { keys } from '../../../../src/ledger/redis/keys.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const MISSING = 'the copy of the policy is missing';
const SPOILED = 'the copy of the policy is no policy';
const KEPT_AWAY = 'the copy is missing, and nobody can restore it';

/** Not JSON, no such switch, a percentage above 100, a whitelist that is none. */
const NO_POLICIES = [
  'half a pol',
  { consumption: 'maybe' },
  { hundredths: 10_001 },
  { hundredths: '100' },
  { allow: 'everyone' },
] as const;

/** The consumers' copy of the policy is lost or spoiled: read as nothing, never as 0 or 100, and put back. */
export const policyCopy: Scenario = {
  name: 'policy-copy',
  promises: ['P2', 'P3', 'P4', 'P5'],
  covers: [11, 16],
  faults: [MISSING, SPOILED, KEPT_AWAY],
  leastGranted: 20,
  set: 'short',
  async drive(rig) {
    const { redis, policyStore, migration } = rig.ground;
    const key = keys.policy(migration.name);
    const intact = await readIntact(rig);
    for (const spoiled of NO_POLICIES) {
      const text = typeof spoiled === 'string' ? spoiled : JSON.stringify({ ...intact, ...spoiled });
      await redis.set(key, text);
      rig.fired(SPOILED);
      await rig.stream.sendNew(3);
      await untilRestored(rig);
    }
    await redis.del(key);
    rig.fired(MISSING);
    await rig.stream.sendNew(3);
    await untilRestored(rig);
    await keepAway(rig, key);
    const reading = await policyStore.read();
    rig.expect(reading.known && reading.policy.version === intact.version, 'another policy came back than was lost');
  },
};

/** Without Temporal no worker can learn what the policy was, so both sides hold. */
async function keepAway(rig: Rig, key: string): Promise<void> {
  const { redis, links, kafka, ledger } = rig.ground;
  await rig.until(async () => (await kafka.lag()) === 0, 'the Kafka group has caught up');
  for (const link of links.to('temporal')) link.refuse();
  // What a worker has just learnt is on its way to Redis for that long.
  await rig.pause(500);
  await redis.del(key);
  // A policy may be used for 2 s after it was read.
  await rig.pause(2_500);
  const before = await kafka.committed();
  const ids = await rig.stream.sendNew(10);
  await rig.pause(3_000);
  rig.expect((await redis.exists(key)) === 0, 'a policy came back while nobody could know it');
  const states = await ledger.states(ids);
  rig.expect(
    states.every((state) => state === undefined),
    'an owner was decided without a policy',
  );
  rig.expect((await kafka.committed()) === before, 'the Kafka group committed something without a policy');
  rig.fired(KEPT_AWAY);
  for (const link of links.to('temporal')) link.heal();
  await untilRestored(rig);
}

async function readIntact(rig: Rig) {
  const reading = await rig.ground.policyStore.read();
  if (!reading.known) throw new Error('there is no policy to begin with');
  return reading.policy;
}

async function untilRestored(rig: Rig): Promise<void> {
  await rig.until(async () => (await rig.ground.policyStore.read()).known, 'the policy is back in Redis');
}
