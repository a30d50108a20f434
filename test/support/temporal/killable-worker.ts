/**
 * A worker of one task queue that takes the message, begins its first attempt and then hangs in the middle of it, for a
 * test to kill: `killable-worker.ts ADDRESS TASK_QUEUE BUNDLE`. Prints `called` once it hangs.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { fakeActivities } from './fake-activities.js';

const [address = '', taskQueue = '', codePath = ''] = process.argv.slice(2);
const { activities } = fakeActivities({
  rewardInline: () => {
    process.stdout.write('called\n');
    return new Promise(() => undefined);
  },
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({ connection, taskQueue, workflowBundle: { codePath }, activities });
await worker.run();
