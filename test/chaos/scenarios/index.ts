import { inlineFirst } from '../inline-first.js';
import type { Scenario } from '../scenario.js';
import { backlogFlood } from './backlog-flood.js';
import { brokerLinks } from './broker-links.js';
import { brokerRestarts } from './broker-restarts.js';
import { brokerStandsStill } from './broker-stands-still.js';
import { cutoverCrash } from './cutover-crash.js';
import { flappingPolicy } from './flapping-policy.js';
import { HALF_WRITES } from './half-writes.js';
import { killAroundTheCall } from './kill-around-the-call.js';
import { killBeforeAcceptance } from './kill-before-acceptance.js';
import { lapsedLease } from './lapsed-lease.js';
import { longSilence } from './long-silence.js';
import { noMoreFiles } from './no-more-files.js';
import { operatorHands } from './operator-hands.js';
import { pausedWorker } from './paused-worker.js';
import { policyCopy } from './policy-copy.js';
import { producerFaults } from './producer-faults.js';
import { providerFaults } from './provider-faults.js';
import { redisAmnesia } from './redis-amnesia.js';
import { redisTrouble } from './redis-trouble.js';
import { replay } from './replay.js';
import { rollback } from './rollback.js';
import { rollingWorkers } from './rolling-workers.js';
import { sideGone } from './side-gone.js';
import { strangeMember } from './strange-member.js';
import { temporalTrouble } from './temporal-trouble.js';
import { topicMadeAnew } from './topic-made-anew.js';

/**
 * Those whose faults meet a first attempt that is made within a workflow task: what they do to a worker, to its ledger, to
 * Temporal or to the provider in the middle of one, and the owners and runs that change under it.
 */
const INLINE_FIRST: readonly Scenario[] = [
  inlineFirst(killAroundTheCall, { set: 'short' }),
  inlineFirst(killBeforeAcceptance),
  inlineFirst(pausedWorker),
  inlineFirst(redisTrouble),
  inlineFirst(temporalTrouble),
  inlineFirst(flappingPolicy),
  inlineFirst(providerFaults),
  inlineFirst(operatorHands),
  inlineFirst(rollingWorkers),
  inlineFirst(sideGone),
  inlineFirst(rollback),
  // Only what had settled before a loss, and what comes after all of them, is sure not to be parked.
  inlineFirst(redisAmnesia, { leastGranted: 30 }),
];

/** In the order in which they are run; the replay comes last, as it brings back what all of them have published. */
export const SCENARIOS: readonly Scenario[] = [
  killBeforeAcceptance,
  killAroundTheCall,
  pausedWorker,
  redisTrouble,
  temporalTrouble,
  flappingPolicy,
  policyCopy,
  producerFaults,
  providerFaults,
  operatorHands,
  rollingWorkers,
  sideGone,
  strangeMember,
  brokerLinks,
  lapsedLease,
  cutoverCrash,
  rollback,
  noMoreFiles,
  brokerRestarts,
  brokerStandsStill,
  longSilence,
  topicMadeAnew,
  redisAmnesia,
  ...HALF_WRITES,
  backlogFlood,
  ...INLINE_FIRST,
  replay,
];
