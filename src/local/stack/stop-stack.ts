import { dockerIsUp, stopDocker } from './docker-stack.js';
import { checkInstance, instanceFolder } from './folders.js';
import { withLock } from './lock.js';
import { stopNative } from './native-stack.js';
import { stopCompanions } from './processes/companions.js';
import { forget } from './start-stack.js';
import { type Report, readRecord, SERVICES, type ServiceName } from './state.js';

export interface Stopped {
  readonly instance: string;
  /** The services that were running. */
  readonly stopped: readonly ServiceName[];
  /** Whether data was kept for a next `up --persist`. */
  readonly kept: boolean;
}

/**
 * Ends the services of a local stack, and before them its companions, waits until they are gone, and wipes its data
 * unless it is to persist. Touches nothing that `up` or a demo has not started; that there is no such stack is no error.
 * @throws HandoverError `stack-failed` if a process cannot be ended
 */
export function stopStack(instance: string, report: Report = () => undefined): Promise<Stopped> {
  checkInstance(instance);
  const onWait = (): void => report('stack', `waiting for another handover that is starting or stopping '${instance}'`);
  return withLock(instanceFolder(instance), { onWait }, async () => {
    const companions = await stopCompanions(instance);
    if (companions > 0) report('stack', `${companions} programs that worked on it have stopped`);
    const record = readRecord(instance);
    if (record === undefined) return { instance, stopped: [], kept: false };
    let stopped: readonly ServiceName[];
    if (record.engine === 'docker') {
      stopped = (await dockerIsUp(record)) ? SERVICES : [];
      await stopDocker(record, report);
    } else {
      stopped = await stopNative(record, report);
    }
    await forget(record);
    return { instance, stopped, kept: record.persist };
  });
}
