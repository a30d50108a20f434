import type { Output } from '../../domain/output.js';
import type { Resolution } from '../../domain/reward/outcome.js';
import { listParked } from '../../operations/parked/list-parked.js';
import { type ParkedFilter, selectParked } from '../../operations/parked/parked-filter.js';
import { type FailedAnswer, resolveMany, splitResults } from '../../operations/resolve/resolve-many.js';
import {
  type Answer,
  contradictionIn,
  type Resolved,
  resolveMessage,
} from '../../operations/resolve/resolve-message.js';
import type { Operator, Session } from '../../operations/session.js';
import { interruptible } from '../interruptible.js';
import { describeParkedFilter } from '../parked-filter.js';
import { describeUnreadable } from '../render/parked.js';
import { confirm } from './confirm.js';

/** What `resolve --all --json` promises. */
export interface ManyResolved {
  readonly resolved: readonly Resolved[];
  readonly failed: readonly FailedAnswer[];
}

export interface AllAnswer {
  readonly filter: ParkedFilter;
  readonly resolution: Resolution;
  readonly person: Operator;
  /** `--yes`: a person has confirmed it already. */
  readonly confirmed: boolean;
}

/**
 * Answers every parked message that the filter means, in the round in which it was shown: what moves on meanwhile is
 * refused. Answers how many failed.
 */
export async function resolveAll(session: Session, output: Output, answer: AllAnswer): Promise<number> {
  const { filter, resolution, person, confirmed } = answer;
  const { ledger } = await session.redis();
  const [parked, now] = await Promise.all([
    listParked(ledger, (record) => output.say(describeUnreadable(record))),
    ledger.now(),
  ]);
  const chosen = selectParked(parked, filter, now);
  const what = `${chosen.length} of ${parked.length} parked messages are to be answered ${resolution} (${describeParkedFilter(filter)}).`;
  if (confirmed) output.say(what);
  else if (chosen.length > 0) await confirm(what, `${chosen.length}`);
  const answers = chosen.map(({ messageId, round }) => ({ messageId, round, resolution, person, givenAt: now }));
  const done: ManyResolved = splitResults(await answerMany(session, output, answers));
  output.result(done, describeMany);
  return done.failed.length + done.resolved.filter((one) => contradictionIn(one) !== undefined).length;
}

/** Gives the answers with a line of progress, until Ctrl-C. */
export async function answerMany(
  session: Session,
  output: Output,
  answers: readonly Answer[],
): Promise<readonly (Resolved | FailedAnswer)[]> {
  if (answers.length === 0) return [];
  const [{ ledger }, client] = await Promise.all([session.redis(), session.temporal()]);
  const progress = output.progress();
  const results = await interruptible((signal) =>
    resolveMany({
      answers,
      signal,
      resolve: (answer) => resolveMessage({ client, ledger }, answer),
      onAnswer: (done) => {
        if (done % 100 === 0) progress.set('resolve', `${done} of ${answers.length} answered`);
      },
    }),
  );
  progress.end();
  return results;
}

function describeMany({ resolved, failed }: ManyResolved): readonly string[] {
  return [
    ...resolved.map((one) => {
      const { messageId, round, resolution } = one;
      const contradiction = contradictionIn(one);
      return `${messageId}: round ${round} is answered ${resolution}${contradiction === undefined ? '' : `: BUT ${contradiction}`}`;
    }),
    ...failed.map(({ messageId, code, reason }) => `${messageId}: FAILED (${code}): ${reason}`),
    `${resolved.length} resolved, ${failed.length} failed`,
  ];
}
