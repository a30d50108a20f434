import { Command } from 'commander';
import { toError } from '../../domain/errors.js';
import { type ConnectionFlags, type Session, withConnectionFlags, withSession } from '../connections.js';
import { createOutput, type Output } from '../output.js';
import type { StatusSources } from '../read-status.js';

const EXAMPLES = `
Examples:
  $ handover status
  $ handover status --json | jq .messages.parked`;

interface StatusFlags extends ConnectionFlags {
  readonly json?: boolean;
}

export function statusCommand(): Command {
  const command = new Command('status').description(
    'Show the policy, how many messages are in which state, and who is alive.',
  );
  return withConnectionFlags(command).addHelpText('after', EXAMPLES).action(status);
}

async function status(flags: StatusFlags): Promise<void> {
  const { describeStatus, readStatus } = await import('../read-status.js');
  const output = createOutput(flags);
  const { readDoubt } = await import('../policy/read-policy.js');
  const view = await withSession(flags, async (session) => {
    const doubt = await readDoubt(session.temporal, session.migration.name);
    if (doubt !== undefined) output.say(doubt);
    return readStatus({ ...(await session.redis()), rewards: await rewardsOf(session, output) });
  });
  output.result(view, describeStatus);
}

/** Temporal being away is no reason to keep what Redis knows from a person who looks for what is wrong. */
async function rewardsOf(session: Session, output: Output): Promise<StatusSources['rewards']> {
  const { readRewards } = await import('../read-status.js');
  return async (side) => {
    try {
      return await readRewards(await session.temporal(), session.namespace, session.migration.name, side);
    } catch (error) {
      output.say(`The rewards of ${side} are unknown: ${toError(error).message}`);
      return undefined;
    }
  };
}
