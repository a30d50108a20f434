import { Argument, Command, InvalidArgumentError } from 'commander';
import { RESOLUTIONS, type Resolution } from '../../domain/outcome.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../connections.js';
import { createOutput } from '../output.js';
import { type PersonFlags, personOf, withPersonFlags } from '../person.js';

const EXAMPLES = `
Examples:
  $ handover resolve order-4711 granted --reason "the provider's console shows it, 5.00 on 23 Nov"
  $ handover resolve order-4711 resend --reason "the provider says it never came in"
  $ handover resolve order-4711 abandon --reason "refunded by hand" --round 2

granted: the reward was given. resend: it was surely not given; a new round begins. abandon: give it up.
A round is answered once. 'resend' is refused while the last request may still take effect, unless --force.`;

interface ResolveFlags extends ConnectionFlags, PersonFlags {
  readonly round?: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

const WHAT_FOLLOWS: Readonly<Record<Resolution, (round: number) => string>> = {
  granted: () => 'it is settled as granted',
  resend: (round) => `round ${round + 1} begins`,
  abandon: () => 'it is settled as abandoned',
};

export function resolveCommand(): Command {
  const command = new Command('resolve')
    .description('Answer a parked message, whose outcome you have found out.')
    .argument('<messageId>')
    .addArgument(new Argument('<resolution>').choices(RESOLUTIONS))
    .option('--round <n>', 'the round that you answer (default: the one in which it is parked)', readRound)
    .option('--force', 'resend although the last request may still take effect');
  return withConnectionFlags(withPersonFlags(command, { reasonRequired: true }))
    .addHelpText('after', EXAMPLES)
    .action(resolve);
}

async function resolve(messageId: string, resolution: Resolution, flags: ResolveFlags): Promise<void> {
  const { resolveMessage } = await import('../resolve-message.js');
  const { round, force } = flags;
  const answer = {
    messageId,
    resolution,
    person: personOf(flags),
    ...(round !== undefined && { round }),
    ...(force !== undefined && { force }),
  };
  const resolved = await withSession(flags, async (session) => {
    const [{ ledger }, client] = await Promise.all([session.redis(), session.temporal()]);
    return resolveMessage({ client, ledger }, answer);
  });
  createOutput(flags).result(resolved, (done) => [
    `Round ${done.round} of ${done.messageId} is answered ${done.resolution}: ${WHAT_FOLLOWS[done.resolution](done.round)}.`,
  ]);
}

function readRound(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be the number of a round.');
  return Number(text);
}
