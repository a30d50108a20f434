import type { UpdateDefinition } from '@temporalio/common';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { isBusinessId } from '../../domain/message/message.js';
import type { Output } from '../../domain/output.js';
import { type Failover, type Policy, parsePercentage } from '../../domain/policy/policy.js';
import type { Change } from '../../domain/policy/policy-change.js';
import { viewPolicy } from '../../operations/policy/policy-view.js';
import type { PolicyChanged } from '../../operations/policy/send-policy-change.js';
import type { Session } from '../../operations/session.js';
import { type OperatorFlags, operatorOf, withOperatorFlags } from '../operator.js';
import { createOutput } from '../output.js';
import { describePolicy } from '../render/policy.js';
import { type ConnectionFlags, withConnectionFlags, withSession } from '../session.js';

const EXAMPLES = `
Examples:
  $ handover policy show
  $ handover policy start --at now --reason "old consumer stopped"   what was published before is kafka's, once for all
  $ handover policy consumption on                              open the new side
  $ handover policy percentage 0.5 --reason "first half percent"
  $ handover policy allow user-42                               rocketmq owns this one, whatever the percentage
  $ handover policy percentage 50 --expected-version 7          only if nobody has changed it since
  $ handover policy failover kafka --reason "INC-17"            kafka adopts what rocketmq has not claimed
  $ handover policy consumption off                             kafka owns everything again

A command returns when Redis holds the new version; every consumer follows within 2 s.`;

interface ShowFlags extends ConnectionFlags {
  readonly json?: boolean;
}

interface ChangeFlags extends ShowFlags, OperatorFlags {
  readonly expectedVersion?: number;
}

interface StartFlags extends ChangeFlags {
  readonly at: string;
}

type Contract = typeof import('../../workflows/cutover/contract.js');

export function policyCommand(): Command {
  const command = new Command('policy')
    .description('Show or change who owns what: consumption switch, percentage, whitelist and failover.')
    .addHelpText('after', EXAMPLES);
  withConnectionFlags(command.command('show').description('Show the policy that consumers go by.')).action(show);

  changing(command, 'consumption', 'Open the new side, or close it: while off, kafka owns everything.')
    .addArgument(new Argument('<on|off>', 'the switch').choices(['on', 'off']))
    .action((consumption: 'on' | 'off', flags: ChangeFlags) =>
      change(flags, (contract) => contract.setConsumptionUpdate, { consumption }),
    );
  changing(command, 'percentage', 'Have rocketmq own this much of what is new: 0 to 100, in steps of 0.01.')
    .addArgument(new Argument('<percentage>', 'such as 10 or 0.25').argParser(readPercentage))
    .action((hundredths: number, flags: ChangeFlags) =>
      change(
        flags,
        (contract) => contract.setPercentageUpdate,
        { hundredths },
        hundredths === 0 ? sayWhatZeroIs : noop,
      ),
    );
  changing(command, 'allow', 'Put a business ID on the whitelist.')
    .addArgument(new Argument('<businessId>').argParser(readBusinessId))
    .action((businessId: string, flags: ChangeFlags) =>
      change(flags, (contract) => contract.allowUpdate, { businessId }),
    );
  changing(command, 'disallow', 'Take a business ID off the whitelist.')
    .addArgument(new Argument('<businessId>').argParser(readBusinessId))
    .action((businessId: string, flags: ChangeFlags) =>
      change(flags, (contract) => contract.disallowUpdate, { businessId }),
    );
  changing(command, 'failover', 'Have one side adopt what the other has not claimed. Changes no new decision.', true)
    .addArgument(new Argument('<side>', 'the side that adopts').choices(['kafka', 'rocketmq', 'none']))
    .action((failover: Failover, flags: ChangeFlags) =>
      change(flags, (contract) => contract.setFailoverUpdate, { failover }),
    );
  changing(command, 'start', 'Mark when handover took over from the consumer that was there before. Once.', true)
    .requiredOption('--at <time>', 'now, or when that consumer stopped, as an ISO 8601 time with its zone', readTime)
    .action((flags: StartFlags) => change(flags, (contract) => contract.setStartUpdate, startAt(flags.at)));
  withConnectionFlags(
    withOperatorFlags(
      command
        .command('keep')
        .description('Decide which counts where Redis holds a version of the policy that was never made by a command.')
        .addArgument(
          new Argument('<which>', 'what handover last made, or what Redis holds').choices(['workflow', 'copy']),
        ),
      { reasonRequired: true },
    ),
  ).action(keep);
  return command;
}

async function keep(which: 'workflow' | 'copy', flags: ChangeFlags): Promise<void> {
  const output = createOutput(flags);
  const [{ sendPolicyChange }, { settleForeignCopyUpdate }, { readForeignCopy }] = await Promise.all([
    import('../../operations/policy/send-policy-change.js'),
    import('../../workflows/cutover/contract.js'),
    import('../../operations/policy/read-policy.js'),
  ]);
  const { policy } = await withSession(flags, async (session) => {
    const [{ policyStore }, client] = await Promise.all([session.redis(), session.temporal()]);
    const { version: foreignVersion } = await readForeignCopy(client, session.migration.name);
    const args = { keep: which, foreignVersion, ...operatorOf(flags) };
    return sendPolicyChange({
      client,
      policyStore,
      migration: session.migration.name,
      update: settleForeignCopyUpdate,
      args,
    });
  });
  output.result(viewPolicy(policy), describePolicy);
}

/** Where the start lies: its time, and how far handover's group is on Kafka. */
function startAt(at: string) {
  return async (session: Session, output: Output) => {
    const { readMigrationStart } = await import('../../operations/policy/read-migration-start.js');
    const { describePositions } = await import('../render/policy.js');
    const { start, positions } = await readMigrationStart(session, at);
    for (const line of describePositions(positions)) output.say(line);
    return { start };
  };
}

function changing(parent: Command, name: string, description: string, reasonRequired = false): Command {
  const command = parent.command(name).description(description);
  return withConnectionFlags(withOperatorFlags(command, { reasonRequired })).option(
    '--expected-version <n>',
    'refuse if the policy is at another version',
    readVersion,
  );
}

async function change<W extends object>(
  flags: ChangeFlags,
  choose: (contract: Contract) => UpdateDefinition<Policy, [Change & W]>,
  wanted: W | ((session: Session, output: Output) => Promise<W>),
  remark: (output: Output) => void = noop,
): Promise<void> {
  const output = createOutput(flags);
  const [{ sendPolicyChange }, contract] = await Promise.all([
    import('../../operations/policy/send-policy-change.js'),
    import('../../workflows/cutover/contract.js'),
  ]);
  const { expectedVersion } = flags;
  const person = { ...operatorOf(flags), ...(expectedVersion !== undefined && { expectedVersion }) };
  const { policy, changed, putRight } = await withSession(flags, async (session): Promise<PolicyChanged> => {
    const [{ policyStore }, client] = await Promise.all([session.redis(), session.temporal()]);
    const args = { ...(typeof wanted === 'function' ? await wanted(session, output) : wanted), ...person };
    return sendPolicyChange({ client, policyStore, migration: session.migration.name, update: choose(contract), args });
  });
  if (putRight.length > 0) {
    output.say(
      `Another hand had changed the copy in Redis (${putRight.join(', ')}): it was put right, at the same version.`,
    );
  } else if (!changed) output.say('It was so already: no new version.');
  output.result(viewPolicy(policy), describePolicy);
  remark(output);
}

async function show(flags: ShowFlags): Promise<void> {
  const { readPolicy } = await import('../../operations/policy/read-policy.js');
  const output = createOutput(flags);
  await withSession(flags, async (session) => {
    const { policy, doubt, fault } = await readPolicy(session);
    if (doubt !== undefined) output.say(doubt);
    output.result(viewPolicy(policy), describePolicy);
    if (fault !== undefined) throw fault;
  });
}

function noop(): void {}

function sayWhatZeroIs(output: Output): void {
  output.say('0 % cuts over nothing that is new; it is no reason for kafka to adopt what rocketmq owns already.');
  output.say("To take the new side away, switch it off: 'handover policy consumption off'.");
}

function readPercentage(text: string): number {
  const hundredths = parsePercentage(text);
  if (hundredths === undefined) throw new InvalidArgumentError('It must be 0 to 100, with at most two decimals.');
  return hundredths;
}

function readBusinessId(text: string): string {
  if (!isBusinessId(text)) throw new InvalidArgumentError('It must be 1 to 200 characters, none a control character.');
  return text;
}

/** An instant as `Date` writes it; `now` stays, for the services' own clock to say. */
function readTime(text: string): string {
  if (text === 'now') return text;
  if (!/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError('It is now, or an ISO 8601 time with its zone, as in 2026-11-23T05:00:00Z.');
  }
  return new Date(text).toISOString();
}

function readVersion(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a version, counting from 1.');
  return Number(text);
}
