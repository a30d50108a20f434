import type { UpdateDefinition } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  currentUpdateInfo,
  log,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CutoverActivities, PublicationResult } from '../../activities/policy.js';
import { findNonsenseInAnswer, LARGEST_VERSION, settleForeignCopy } from '../../domain/policy/foreign-copy.js';
import { initialPolicy, type Policy, percentageOf } from '../../domain/policy/policy.js';
import {
  applyPolicyChange,
  type Change,
  findNonsense,
  findStaleness,
  type PolicyChange,
  type PolicyVersion,
  policyAt,
  versionOf,
} from '../../domain/policy/policy-change.js';
import { isReset, watchReset } from '../message/reset.js';
import { createTurns } from '../turns.js';
import {
  allowUpdate,
  type CutoverInput,
  type CutoverState,
  cutoverQuery,
  disallowUpdate,
  ledgerLostSignal,
  republishSignal,
  setConsumptionUpdate,
  setFailoverUpdate,
  setPercentageUpdate,
  setStartUpdate,
  settleForeignCopyUpdate,
} from './contract.js';
import { createRecovery } from './recovery.js';

/** How many versions and answers a run hands to the next: enough for a client that retries for minutes. */
const REMEMBERED = 100;

const DEFAULT_TURNS_PER_RUN = 500;

/** Runs of before took over whatever was newer. */
const ASKS_ABOUT_FOREIGN_COPIES = 'cutover: asks about foreign copies';

/** Tried for ever: what was accepted is published once Redis answers, and until then Web UI shows why it does not. */
const { publishPolicy } = proxyActivities<CutoverActivities>({
  startToCloseTimeout: '3 s',
  retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '2 s' },
});

/**
 * Holds the policy of one migration, for as long as the migration lasts. Every change is an Update, made one at a time,
 * and answered once Redis holds the new version.
 */
export async function cutover(input: CutoverInput): Promise<never> {
  const { turnsPerRun = DEFAULT_TURNS_PER_RUN } = input;
  const takeTurn = createTurns();
  let state = input.carried ?? firstState(initialPolicy(new Date().toISOString()));
  let compared = input.carried !== undefined;
  let turns = 0;
  let foreignCopy = input.carried?.foreignCopy;
  const reset = watchReset();
  let comparedSinceReset = false;

  /**
   * Whether a newer copy may be this workflow's own. A new run's predecessor may have made it, which was lost with
   * Temporal's memory, and so may the run that a reset has ended. Any other run knows all that it ever published.
   */
  function mayHaveMadeIt(): boolean {
    return !compared || (reset.isPast() && !comparedSinceReset) || !patched(ASKS_ABOUT_FOREIGN_COPIES);
  }

  /** Publishes what would be the state, and makes it the state once Redis holds it. */
  async function publish(next: CutoverState, notAfter?: number): Promise<PublicationResult['result'] | 'foreign'> {
    const { policy, history } = next;
    const publication = await publishPolicy({ policy, version: history.at(-1) ?? versionOf(policy), notAfter });
    switch (publication.result) {
      case 'published':
        state = next;
        foreignCopy = undefined;
        break;
      case 'newer':
        if (!mayHaveMadeIt()) {
          foreignCopy = publication.policy;
          log.error('Redis holds a version of the policy that was never made here: a person has to say which counts', {
            had: policy.version,
            found: publication.policy.version,
          });
          return 'foreign';
        }
        // Versions must never go back, as consumers hold when they see a lower one: so the copy is where it goes on.
        log.warn('the policy goes on from a newer copy', { had: policy.version, found: publication.policy.version });
        state = firstState(publication.policy);
        foreignCopy = undefined;
        break;
      case 'late':
        break;
    }
    if (reset.isPast() && publication.result !== 'late') comparedSinceReset = true;
    setCurrentDetails(inOneLine(state.policy));
    return publication.result;
  }

  async function change(wanted: PolicyChange, by: Change): Promise<Policy> {
    const updateId = currentUpdateInfo()?.id;
    return takeTurn(async () => {
      turns += 1;
      for (;;) {
        const answer = answerTo(state, updateId);
        if (answer !== undefined) return answer;
        const changed = applyPolicyChange(state.policy, wanted, by, new Date().toISOString());
        if (changed.result === 'refused') throw refusal(changed.code, changed.reason);
        const next = changed.result === 'changed' ? advance(state, changed.policy, changed.version) : state;
        // What is so already is published all the same: the answer says that Redis holds it.
        const result = await publish(remember(next, updateId), by.notAfter);
        if (result === 'published') return next.policy;
        if (result === 'foreign') throw foreignCopyRefusal(state, foreignCopy);
        if (result === 'late') throw refusal('policy-refused', 'it came too late, and whoever wanted it was told so');
      }
    });
  }

  // The first turn is taken before any handler is set, as an Update may have come with the start.
  const comparison = takeTurn(async () => {
    if (!compared) await publish(state);
    compared = true;
  });

  function accept<A extends Change>(update: UpdateDefinition<Policy, [A]>, read: (args: A) => PolicyChange): void {
    setHandler(update, (args) => change(read(args), args), {
      validator: (args) => {
        if (args === null || typeof args !== 'object') throw refusal('policy-refused', 'a change is one JSON object');
        const nonsense = findNonsense(read(args), args);
        if (nonsense !== undefined) throw refusal('policy-refused', nonsense);
        // A repeat of an answered Update gets its answer again, although it is stale by its own doing.
        if (!compared || answerTo(state, currentUpdateInfo()?.id) !== undefined) return;
        const stale = findStaleness(state.policy, args);
        if (stale !== undefined) throw refusal('policy-stale', stale);
      },
    });
  }
  accept(setConsumptionUpdate, ({ consumption }) => ({ kind: 'consumption', consumption }));
  accept(setPercentageUpdate, ({ hundredths }) => ({ kind: 'percentage', hundredths }));
  accept(allowUpdate, ({ businessId }) => ({ kind: 'allow', businessId }));
  accept(disallowUpdate, ({ businessId }) => ({ kind: 'disallow', businessId }));
  accept(setFailoverUpdate, ({ failover }) => ({ kind: 'failover', failover }));
  accept(setStartUpdate, ({ start }) => ({ kind: 'start', start }));

  setHandler(
    settleForeignCopyUpdate,
    (answer) =>
      takeTurn(async () => {
        turns += 1;
        const updateId = currentUpdateInfo()?.id;
        const before = answerTo(state, updateId);
        if (before !== undefined) return before;
        // Redis may have been changed since the person looked.
        if (foreignCopy === undefined)
          throw refusal('policy-refused', 'there is no foreign copy of the policy to answer');
        if (foreignCopy.version !== answer.foreignVersion) {
          throw refusal('policy-stale', `the copy is at version ${foreignCopy.version}, not ${answer.foreignVersion}`);
        }
        if (foreignCopy.version >= LARGEST_VERSION) {
          throw refusal('policy-refused', 'no version is left above that of the copy: take the copy out of Redis');
        }
        const policy = settleForeignCopy(state.policy, foreignCopy, answer, new Date().toISOString());
        const result = await publish(remember(firstState(policy), updateId), answer.notAfter);
        if (result === 'published') return policy;
        if (result === 'late') throw refusal('policy-refused', 'it came too late, and whoever wanted it was told so');
        throw foreignCopyRefusal(state, foreignCopy);
      }),
    {
      validator: (answer) => {
        if (answer === null || typeof answer !== 'object')
          throw refusal('policy-refused', 'an answer is one JSON object');
        const nonsense = findNonsenseInAnswer(answer);
        if (nonsense !== undefined) throw refusal('policy-refused', nonsense);
      },
    },
  );

  const republish = (): Promise<void> =>
    takeTurn(async () => {
      turns += 1;
      await publish(state);
    });
  setHandler(republishSignal, republish);
  // What the run before the reset had published is looked for once, and never again.
  if (isReset()) void condition(reset.isPast).then(republish);
  const foreign = () => (foreignCopy === undefined ? {} : { foreignCopy });
  const recovery = createRecovery(input.carried?.ledger, republish);
  setHandler(ledgerLostSignal, recovery.report);
  setHandler(cutoverQuery, () => {
    if (!compared) throw new Error('the policy is not known yet: it has not been compared with the copy in Redis');
    return { policy: state.policy, history: state.history, ledger: recovery.state(), ...foreign() };
  });

  await comparison;
  await condition(() => turns >= turnsPerRun || workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  return continueAsNew<typeof cutover>({ ...input, carried: { ...state, ledger: recovery.state(), ...foreign() } });
}

function firstState(policy: Policy): CutoverState {
  return { policy, history: [versionOf(policy)], answered: [] };
}

function advance({ history, answered }: CutoverState, policy: Policy, version: PolicyVersion): CutoverState {
  return { policy, history: [...history, version].slice(-REMEMBERED), answered };
}

function remember(state: CutoverState, updateId: string | undefined): CutoverState {
  if (updateId === undefined) return state;
  const answer = { updateId, version: state.policy.version };
  return { ...state, answered: [...state.answered, answer].slice(-REMEMBERED) };
}

/** What an Update was answered earlier, maybe by an earlier run: Temporal itself knows a repeat within one run only. */
function answerTo({ policy, history, answered }: CutoverState, updateId: string | undefined): Policy | undefined {
  const answer = answered.find((earlier) => earlier.updateId === updateId);
  return answer && policyAt(policy, history, answer.version);
}

function foreignCopyRefusal({ policy }: CutoverState, copy: Policy | undefined): ApplicationFailure {
  const found = copy === undefined ? 'a version' : `version ${copy.version}, said to be by ${copy.actor},`;
  return refusal(
    'policy-refused',
    `Redis holds ${found} which the workflow, at version ${policy.version}, never made: say first which of the two counts, with 'handover policy keep workflow' or 'keep copy'`,
  );
}

function refusal(type: string, reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(reason, type);
}

function inOneLine({ version, consumption, hundredths, allow, failover, start, actor, updatedAt }: Policy): string {
  return [
    `version ${version}`,
    `switch ${consumption}`,
    `${percentageOf(hundredths)} %`,
    `${allow.length} whitelisted`,
    `failover ${failover}`,
    ...(start === undefined ? [] : [`started ${start.at}`]),
    `by ${actor} on ${updatedAt}`,
  ].join(', ');
}
