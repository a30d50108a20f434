import { Command } from 'commander';
import type { StatusSources } from '../../operations/status.js';
import { createOutput } from '../output.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover status
  $ handover status --json | jq .messages.parked
  $ handover status --json | jq '.sides[].processes[] | select(.state != "ready")'

Exit code 1 if Redis or Temporal cannot be asked: what Redis knows is shown all the same.`;

interface StatusFlags extends ConnectionFlags {
  readonly json?: boolean;
}

export function statusCommand(): Command {
  const command = new Command('status').description(
    'Show the policy, how many messages are in which state, and who is alive.',
  );
  return withConnectionFlags(command).addHelpText('after', EXAMPLES).action(status);
}

/** Temporal being away keeps nothing that Redis knows from a person who looks for what is wrong, and is no success. */
async function status(flags: StatusFlags): Promise<void> {
  const { readRewards, readStatus } = await import('../../operations/status.js');
  const { describeStatus } = await import('../render/status.js');
  const { readDoubt } = await import('../../operations/policy/read-policy.js');
  const output = createOutput(flags);
  await withSession(flags, async ({ migration: { name }, namespace, redis, temporal }) => {
    const parts = await redis();
    let { doubt, fault } = await readDoubt(temporal, name);
    if (doubt !== undefined) output.say(doubt);
    const rewards: StatusSources['rewards'] = async (side) => {
      try {
        return await readRewards(await temporal(), namespace, name, side);
      } catch (error) {
        fault ??= error;
        return undefined;
      }
    };
    output.result(await readStatus({ ...parts, rewards }), describeStatus);
    if (fault !== undefined) throw fault;
  });
}
