import { Command } from 'commander';
import { DEFAULT_INSTANCE } from '../../local/stack/folders.js';
import { PORT_NAMES, PORTS, readChosenPorts } from '../../local/stack/ports.js';
import { resourcesOf } from '../../local/stack/provision/resources.js';
import type { LocalStack } from '../../local/stack/state.js';
import { interruptible } from '../interruptible.js';
import { createOutput } from '../output.js';

const EXAMPLES = `
Examples:
  $ handover up                        on the usual ports, Temporal in memory
  $ handover up --persist              workflows and data outlive 'handover down'
  $ handover up --instance second      another stack beside it, on free ports of its own
  $ handover up --redis-port 6380      move one port (or HANDOVER_REDIS_PORT=6380)

Uses Docker if an engine answers, else programs fetched once into ~/.cache/handover.`;

interface UpFlags {
  readonly instance: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly persist?: boolean;
  readonly native?: boolean;
  readonly [port: string]: unknown;
}

export function upCommand(): Command {
  const command = new Command('up')
    .description('Start Temporal with its Web UI, Kafka, RocketMQ and Redis on this machine, for development.')
    .option('--instance <name>', 'which stack', DEFAULT_INSTANCE)
    .option('--config <file>', 'the migration whose topics and groups to make (default: handover.config.ts, if there)')
    .option('--persist', 'keep workflows and data over a stop')
    .option('--native', 'run the programs here even if a Docker engine answers')
    .option('--json', 'print the addresses as JSON');
  for (const name of PORT_NAMES) {
    const { flag, title, usual, variable } = PORTS[name];
    command.option(`--${flag} <port>`, `port of ${title} (usually ${usual}; ${variable})`);
  }
  return command.addHelpText('after', EXAMPLES).action(up);
}

async function up(flags: UpFlags): Promise<void> {
  const ports = readChosenPorts(flags, process.env);
  const output = createOutput(flags);
  const progress = output.progress();
  const { startStack } = await import('../../local/stack/start-stack.js');
  const { loadMigration } = await import('../../config/load-migration.js');
  const resources = resourcesOf(await loadMigration({ configPath: flags.config, env: process.env }));
  const { instance, persist = false, native = false } = flags;
  const stack = await interruptible((signal) =>
    startStack({ instance, persist, native, ports, resources, signal, report: progress.set }),
  );
  progress.end();
  output.result(publicAddresses(stack), () => describeForPeople(stack));
}

/** What `up --json` promises. */
function publicAddresses({ temporal, kafka, rocketmq, redis, logs }: LocalStack): object {
  return { temporal, kafka, rocketmq, redis, logs };
}

function describeForPeople({
  instance,
  persist,
  temporal,
  kafka,
  rocketmq,
  redis,
  logs,
}: LocalStack): readonly string[] {
  const down = instance === DEFAULT_INSTANCE ? 'handover down' : `handover down --instance ${instance}`;
  return [
    `Temporal  ${temporal.address}   Web UI ${temporal.ui}`,
    `Kafka     ${kafka.brokers.join(', ')}`,
    `RocketMQ  ${rocketmq.endpoints}   name server ${rocketmq.nameServer}`,
    `Redis     ${redis.url}`,
    `Logs      ${logs}`,
    persist
      ? `Stop it with: ${down}. Data is kept for the next 'up --persist'.`
      : `Stop it with: ${down}. Temporal is in memory: stopping it forgets messages.`,
  ];
}
