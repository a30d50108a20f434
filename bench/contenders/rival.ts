import { fileURLToPath } from 'node:url';
import { checkMigration } from '../../src/config/check-migration.js';
import type { Side } from '../../src/domain/side.js';
import type { Ground } from '../ground/ground.js';
import type { WorkerSettings } from '../workers/settings.js';
import type { Launch } from './contender.js';

/** Names on the brokers for a contender, as a migration of its own would have them. */
export function namesFor(name: string) {
  return checkMigration({ migration: name, topics: name }, {});
}

/** Runs `bench/workers/<script>.ts`. */
export function launchScript(
  script: string,
  { topics, consumerGroup }: ReturnType<typeof namesFor>,
  { stack, provider }: Ground,
  side: Side,
  more: Partial<WorkerSettings> = {},
): Launch {
  const settings: WorkerSettings = {
    side,
    topic: topics[side],
    group: consumerGroup,
    kafka: stack.kafka.brokers,
    rocketmq: stack.rocketmq.endpoints,
    redis: stack.redis.url,
    temporal: stack.temporal,
    rewardUrl: provider.rewardUrl,
    ...more,
  };
  const path = fileURLToPath(new URL(`../workers/${script}.ts`, import.meta.url));
  return {
    commandLine: [process.execPath, '--import', 'tsx', path],
    args: [JSON.stringify(settings)],
    environment: {},
  };
}
