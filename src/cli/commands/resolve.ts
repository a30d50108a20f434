import { Command } from 'commander';
import { HandoverError } from '../../domain/errors.js';
import type { Output } from '../../domain/output.js';
import type { Session } from '../../operations/session.js';
import { type OperatorFlags, operatorOf, withOperatorFlags } from '../operator.js';
import { createOutput } from '../output.js';
import { withParkedFilter } from '../parked-filter.js';
import { type ResolveUse, type ResolveUseFlags, readResolveUse, withResolveUse } from '../resolve/resolve-use.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover resolve order-4711 granted --reason "the provider's console shows it, 5.00 on 23 Nov"
  $ handover resolve order-4711 resend --reason "the provider says it never came in"
  $ handover resolve order-4711 abandon --reason "refunded by hand" --round 2
  $ handover resolve --all --phase sent --older-than 1h --owner kafka granted --reason "their incident 1138"
  $ handover resolve --from settlement.csv --id-column REF --status-column STATE --granted-when PAID,OK \\
      --reason "settlement of 23 Nov" --dry-run

granted: the reward was given. resend: it was surely not given; a new round begins. abandon: give it up.
A round is answered once. 'resend' is refused while the last request may still take effect, unless --force.

--all answers what the filters mean, once you have confirmed the count. --from answers 'granted' for rows whose status is
one of --granted-when, 'resend' for those of --absent-when, never by force; a row that leaves a doubt changes nothing and
is reported. A broken file changes nothing at all. Exit code 1 if any answer failed, or if a message turned out to have been
settled otherwise, which stands and is told.`;

interface ResolveFlags extends ConnectionFlags, OperatorFlags, ResolveUseFlags {
  readonly json?: boolean;
}

export function resolveCommand(): Command {
  const command = new Command('resolve')
    .description('Answer parked messages, whose outcome you have found out.')
    .usage('<messageId> granted|resend|abandon | --all [filters] granted|resend|abandon | --from <file> ...')
    .argument('[words...]', 'the message ID and its resolution; with --all the resolution alone');
  const flagged = withParkedFilter(withResolveUse(command));
  return withConnectionFlags(withOperatorFlags(flagged, { reasonRequired: true }))
    .addHelpText('after', EXAMPLES)
    .action(resolve);
}

async function resolve(words: readonly string[], flags: ResolveFlags): Promise<void> {
  const use = readResolveUse(words, flags);
  const output = createOutput(flags);
  const person = operatorOf(flags);
  const failed = await withSession(flags, async (session) => {
    switch (use.kind) {
      case 'one':
        return resolveOne(session, output, { ...use, person });
      case 'all': {
        const { resolveAll } = await import('../resolve/resolve-all.js');
        return resolveAll(session, output, { ...use, person });
      }
      case 'from': {
        const { resolveFrom } = await import('../resolve/resolve-from.js');
        return resolveFrom(session, output, { ...use, person });
      }
    }
  });
  if (failed === 0) return;
  const which = failed === 1 ? 'one message was' : `${failed} messages were`;
  throw new HandoverError('resolution-refused', `${which} not resolved as answered.`);
}

const WHAT_FOLLOWS = {
  granted: () => 'it is settled as granted',
  resend: (round: number) => `round ${round + 1} begins`,
  abandon: () => 'it is settled as abandoned',
} as const;

type One = Extract<ResolveUse, { kind: 'one' }> & { readonly person: ReturnType<typeof operatorOf> };

async function resolveOne(session: Session, output: Output, answer: One): Promise<number> {
  const { contradictionIn, resolveMessage } = await import('../../operations/resolve/resolve-message.js');
  const [{ ledger }, client] = await Promise.all([session.redis(), session.temporal()]);
  const resolved = await resolveMessage({ client, ledger }, answer);
  const contradiction = contradictionIn(resolved);
  output.result(resolved, ({ messageId, round, resolution }) => [
    `Round ${round} of ${messageId} is answered ${resolution}: ${contradiction ?? WHAT_FOLLOWS[resolution](round)}.`,
  ]);
  return contradiction === undefined ? 0 : 1;
}
