// The thread of zstd.ts: decompresses several inputs side by side, each no further than it is asked to. It is plain
// JavaScript, and loads nothing but the decoder, so that it starts from the sources as from the build.
import { parentPort } from 'node:worker_threads';
import { Decompress } from 'fzstd';

/** Input for one step: four bytes of it may stand for 128 KiB. */
const STEP_BYTES = 256;

const jobs = new Map();

parentPort.on('message', ({ id, bytes, isOver }) => {
  if (isOver) {
    jobs.delete(id);
    return;
  }
  if (bytes !== undefined) jobs.set(id, open(bytes));
  parentPort.postMessage({ id, ...step(id) });
});

function open(bytes) {
  const job = { bytes, at: 0, chunks: [] };
  job.decoder = new Decompress((chunk) => {
    if (chunk.length > 0) job.chunks.push(chunk);
  });
  return job;
}

function step(id) {
  const job = jobs.get(id);
  try {
    while (job.chunks.length === 0 && job.at < job.bytes.length) {
      const end = Math.min(job.at + STEP_BYTES, job.bytes.length);
      job.decoder.push(job.bytes.subarray(job.at, end), end === job.bytes.length);
      job.at = end;
    }
    return { chunks: job.chunks.splice(0), isWhole: job.at === job.bytes.length };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
