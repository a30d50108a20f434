/**
 * Loaded before everything else into a worker, its threads included. On SIGUSR2 the process collects its garbage in every
 * thread, and appends a line of JSON to SOAK_PROBE_FILE: what is left on the heaps, and what it holds open.
 */
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const channel = new BroadcastChannel('soak-probe');
channel.unref();

/** What finalizers let go of is collected by the second time. */
function heapAfterCollection() {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

if (isMainThread) {
  const threads = new Map();
  /** A thread that is busy answers late, and one that has ended never: what came so far is written with the next line. */
  const ANSWERS_AFTER_MS = 2_000;
  channel.onmessage = ({ data }) => threads.set(data.threadId, data.heap);
  process.on('SIGUSR2', () => {
    threads.clear();
    channel.postMessage('collect');
    setTimeout(() => {
      const heap = heapAfterCollection();
      const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate');
      const threadsHeap = [...threads.values()].reduce((sum, one) => sum + one, 0);
      const line = { at: Date.now(), heap: heap + threadsHeap, threads: threads.size, handles: handles.length };
      appendFileSync(process.env['SOAK_PROBE_FILE'], `${JSON.stringify(line)}\n`);
    }, ANSWERS_AFTER_MS).unref();
  });
} else {
  channel.onmessage = () => channel.postMessage({ threadId, heap: heapAfterCollection() });
}
