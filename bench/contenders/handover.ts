import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkMigration } from '../../src/config/check-migration.js';
import { HandoverError } from '../../src/domain/errors.js';
import { createPolicyStore } from '../../src/ledger/redis/stores/policy-store.js';
import { sendPolicyChange } from '../../src/operations/policy/send-policy-change.js';
import { setConsumptionUpdate, setPercentageUpdate } from '../../src/workflows/cutover/contract.js';
import { serviceVariables } from '../../test/support/worker-process.js';
import type { Ground } from '../ground/ground.js';
import type { Contender } from './contender.js';

/** The command as it is shipped, not as it lies in the sources. */
export const SHIPPED = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/**
 * Handover as its defaults have it, but for what `more` says.
 * @throws HandoverError `config-invalid` where the options are not (yet) among those that a migration may have;
 *   `stack-failed` where it is not built
 */
export async function handover(
  name: string,
  folder: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Contender> {
  const options = { migration: name, topics: name, ...more };
  const migration = checkMigration(options, {});
  if (!existsSync(SHIPPED)) {
    throw new HandoverError('stack-failed', 'handover is not built.', { hint: 'Run npm run build.' });
  }
  const config = join(folder, `${name}.config.mjs`);
  await writeFile(config, `export default ${JSON.stringify(options)};\n`);
  return {
    name,
    migration,
    inTemporal: true,
    launch: ({ stack, provider }, side) => ({
      commandLine: [process.execPath, SHIPPED],
      args: ['worker', '--side', side, '--config', config, '--http', '127.0.0.1:0', '--json'],
      environment: { ...serviceVariables(stack), REWARD_URL: provider.rewardUrl, HANDOVER_LOG_LEVEL: 'warn' },
    }),
    metricsOf: ({ http }) => `http://${String(http)}/metrics`,
    setShare: (ground, hundredths) => setShare(ground, name, hundredths),
  };
}

async function setShare({ client, redis }: Ground, migration: string, hundredths: number): Promise<void> {
  const by = { actor: 'bench', reason: 'bench' };
  const parts = { client, policyStore: createPolicyStore(redis, migration), migration };
  const consumption = hundredths === 0 ? 'off' : 'on';
  await sendPolicyChange({ ...parts, update: setPercentageUpdate, args: { ...by, hundredths } });
  await sendPolicyChange({ ...parts, update: setConsumptionUpdate, args: { ...by, consumption } });
}
