import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { temporalCli, temporalTestServer } from '../../../src/local/stack/components/programs.js';
import { SEARCH_ATTRIBUTES } from '../../../src/workflows/names.js';

/**
 * A real Temporal server in memory on a port of its own, with the search attributes of handover. For everything but
 * long timers. One a test file: make it in `beforeAll`, end it with `teardown()` in `afterAll`. `settings`: dynamic config
 * of the server, `name=value`.
 */
export async function createLocalEnvironment(settings: readonly string[] = []): Promise<TestWorkflowEnvironment> {
  quietenTemporal();
  const path = await temporalCli();
  return onBusyMachine(() => startLocal(path, settings));
}

function startLocal(path: string, settings: readonly string[]): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      searchAttributes: Object.values(SEARCH_ATTRIBUTES),
      log: { format: 'json', level: 'never' },
      // Without them a start or an activity is never handed over eagerly, and the tests would see another path than production.
      extraArgs: [
        '--dynamic-config-value',
        'system.enableEagerWorkflowStart=true',
        '--dynamic-config-value',
        'system.enableActivityEagerExecution=true',
        ...settings.flatMap((setting) => ['--dynamic-config-value', setting]),
      ],
    },
  });
}

/**
 * The time-skipping test server: timers of hours pass at once while a result is awaited. It is another implementation
 * than the real server and lacks parts of it, so use it for nothing but long timers.
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  quietenTemporal();
  const path = await temporalTestServer();
  return onBusyMachine(() =>
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } }),
  );
}

/** The SDK gives a server 5 s to start, and ends one that does not; while other tests start Kafka, that may be too short. */
async function onBusyMachine<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 5 || !(error instanceof Error && error.message.includes('did not start within'))) throw error;
    }
  }
}

/** Bundles the workflows, once for all workers of a test file. `path`: from the repository's root. */
export function bundleWorkflows(path = 'src/workflows/index.ts'): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
}

let quiet = false;

/** Keeps Temporal's chatter out of the tests' output. One Runtime serves a whole process: call it before any connection. */
export function quietenTemporal(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
    shutdownSignals: [],
  });
}
