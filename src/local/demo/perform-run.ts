import type { Log } from '../../domain/log.js';
import type { Output } from '../../domain/output.js';
import type { sendPolicyChange } from '../../operations/policy/send-policy-change.js';
import type { Session } from '../../operations/session.js';
import type { LocalStack } from '../stack/state.js';
import { Crashes } from './crashes.js';
import type { Fleet, Killed } from './fleet.js';
import { PERCENTAGES, type Plan, planStream } from './plan.js';
import { PolicyPhases } from './policy-phases.js';
import { StreamPublisher } from './stream-publisher.js';
import { type Judgement, judge } from './verdict/judge.js';
import { DeadLetterWatch } from './watch/dead-letter-watch.js';
import { LedgerWatch } from './watch/ledger-watch.js';
import { describeLinks, LiveView } from './watch/live-view.js';
import { Observation } from './watch/observation.js';
import { PublishedCount } from './watch/tally.js';

export interface RunOptions {
  /** The run's name, which begins all its message IDs. */
  readonly run: string;
  readonly messages: number;
  /** Messages a second. */
  readonly rate: number;
  readonly seed: string;
  readonly session: Session;
  readonly sendPolicyChange: typeof sendPolicyChange;
  readonly stack: LocalStack;
  readonly fleet: Fleet;
  readonly output: Output;
  readonly redraws: boolean;
  readonly log: Log;
  /** When the command was called, by `performance.now()`. */
  readonly startedAt: number;
  readonly signal: AbortSignal;
}

/** Publishes the whole stream under rising percentages, waits for the end of every message, and judges what came of it. */
export async function performRun(options: RunOptions): Promise<Judgement> {
  const { run, messages, seed, session, sendPolicyChange, stack, fleet, output, log, startedAt, signal } = options;
  const { migration, connections } = session;
  const [{ ledger, policyStore }, client] = await Promise.all([session.redis(), session.temporal()]);
  const plan = planStream({ messages, seed, run });
  const watch = new LedgerWatch(ledger, signal);
  const deadLetters = new DeadLetterWatch({ run, migration, connections, log });
  const published = new PublishedCount(plan.phases.length);
  const policy = new PolicyPhases({ client, policyStore, migration: migration.name, sendPolicyChange, signal });
  output.say('Watch it in Temporal Web UI:');
  for (const line of describeLinks(stack.temporal)) output.say(line);

  let killed: readonly Killed[];
  try {
    await deadLetters.start();
    killed = await carryOut(options, { plan, watch, deadLetters, published, policy });
  } finally {
    await deadLetters.stop();
  }
  await watch.lookAtAll(plan.messages.map(({ messageId }) => messageId));
  return judge({
    migration,
    plan,
    handed: published.handed,
    records: watch.records,
    deadLetters: deadLetters.found,
    phases: policy.begun,
    policyAt: await policy.history(),
    providerLedger: fleet.providerLedger,
    killed,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    temporal: stack.persist ? 'file' : 'memory',
  });
}

interface Parts {
  readonly plan: Plan;
  readonly watch: LedgerWatch;
  readonly deadLetters: DeadLetterWatch;
  readonly published: PublishedCount;
  readonly policy: PolicyPhases;
}

/** Publishes phase by phase with a worker of each side killed on the way, and waits until all has come to an end. */
async function carryOut(options: RunOptions, parts: Parts): Promise<readonly Killed[]> {
  const { rate, session, fleet, output, redraws, log } = options;
  const { plan, watch, deadLetters, published, policy } = parts;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const view = new LiveView(output, redraws);
  const observation = new Observation({ plan, ledger: watch, deadLetters, published, view });
  let news = '';
  const crashes = new Crashes({
    fleet,
    total: plan.phases.flat().length,
    signal,
    onCrash: ({ name, inHand }) => {
      news = `; ${name} was killed, ${inHand} in hand`;
    },
    onFailure: (error) => failed.abort(error),
  });
  let phase = 0;
  const publisher = new StreamPublisher({
    ...{ migration: session.migration, connections: session.connections, rate, log },
    underWay: () => watch.open,
    onPublish: (planned) => {
      published.add(phase, planned);
      if (planned.kind === 'message') watch.follow(planned.messageId);
      crashes.onHanded(published.handed);
    },
  });
  try {
    for (const [index, stream] of plan.phases.entries()) {
      phase = index;
      const percentage = PERCENTAGES[index] ?? 0;
      const { version } = await policy.begin(percentage);
      const status = (): string => `publishing at ${percentage} % (policy version ${version})${news}`;
      await observation.during(publisher.publish(stream, signal), phase, status);
    }
    await observation.during(crashes.recovered(), phase, () => `all is published${news}`);
    await observation.untilComplete(phase, (open) => `all is published; messages under way: ${open}`, signal);
    return crashes.killed;
  } finally {
    failed.abort();
    await crashes.recovered();
    view.end();
    await publisher.close();
  }
}
