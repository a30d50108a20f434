import { inlineFirst } from '../inline-first.js';
import type { Scenario } from '../scenario.js';
import { backlogFlood } from './brokers/backlog-flood.js';
import { brokerLinks } from './brokers/broker-links.js';
import { brokerRestarts } from './brokers/broker-restarts.js';
import { brokerStandsStill } from './brokers/broker-stands-still.js';
import { lapsedLease } from './brokers/lapsed-lease.js';
import { producerFaults } from './brokers/producer-faults.js';
import { strangeMember } from './brokers/strange-member.js';
import { topicMadeAnew } from './brokers/topic-made-anew.js';
import { cutoverCrash } from './cutover/cutover-crash.js';
import { flappingPolicy } from './cutover/flapping-policy.js';
import { operatorHands } from './cutover/operator-hands.js';
import { policyCopy } from './cutover/policy-copy.js';
import { rollback } from './cutover/rollback.js';
import { HALF_WRITES } from './services/half-writes.js';
import { providerFaults } from './services/provider-faults.js';
import { redisAmnesia } from './services/redis-amnesia.js';
import { redisTrouble } from './services/redis-trouble.js';
import { replay } from './services/replay.js';
import { temporalTrouble } from './services/temporal-trouble.js';
import { killAroundTheCall } from './workers/kill-around-the-call.js';
import { killBeforeAcceptance } from './workers/kill-before-acceptance.js';
import { longSilence } from './workers/long-silence.js';
import { noMoreFiles } from './workers/no-more-files.js';
import { pausedWorker } from './workers/paused-worker.js';
import { rollingWorkers } from './workers/rolling-workers.js';
import { sideGone } from './workers/side-gone.js';

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
