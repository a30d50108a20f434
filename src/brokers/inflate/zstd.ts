import { Worker } from 'node:worker_threads';
import { toError } from '../../domain/errors.js';
import { checkZstdFrames } from './zstd-frames.js';

/**
 * A step makes 8 MiB at most, which takes milliseconds. Sequences can be forged that take minutes, in one call of the
 * decoder; what takes so long is given up, before a RocketMQ lease has lapsed.
 */
const LONGEST_STEP_MS = 8_000;

interface Step {
  readonly id: number;
  readonly chunks?: readonly Uint8Array[];
  readonly isWhole?: boolean;
  readonly fault?: string;
}

interface Waiting {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: Error) => void;
}

/** The thread has ended by itself, or by what another input did to it: it says nothing of the bytes. */
export class ThreadLost extends Error {}

let thread: ZstdThread | undefined;
/** How often in a row an input may lose the thread to another. */
const LOSSES = 10;

/**
 * Decompresses Zstandard frames, a step at a time, in a thread of its own: the decoder is JavaScript, and a block of a
 * batch keeps it busy for longer than an event loop may be kept.
 * @throws Error when the bytes are not Zstandard, or take too long; ThreadLost when that is not known.
 */
export async function* zstdChunks(source: Buffer): AsyncGenerator<Uint8Array> {
  checkZstdFrames(source);
  let known = 0;
  for (let losses = 0; ; ) {
    let at = 0;
    try {
      thread ??= new ZstdThread();
      for await (const chunk of thread.chunks(source)) {
        // Begun anew in another thread, it makes the same bytes again.
        if (at + chunk.length > known) yield chunk.subarray(Math.max(0, known - at));
        at += chunk.length;
        known = Math.max(known, at);
      }
      return;
    } catch (error) {
      if (!(error instanceof ThreadLost) || ++losses > LOSSES) throw error;
    }
  }
}

class ZstdThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #jobs = 0;

  constructor() {
    this.#worker = new Worker(new URL('./zstd-thread.mjs', import.meta.url), { execArgv: [] });
    // Alone it keeps no process alive.
    this.#worker.unref();
    this.#worker.on('message', (step: Step) => {
      this.#waiting.get(step.id)?.resolve(step);
    });
    this.#worker.on('error', (error) => this.#lose(error));
    this.#worker.on('exit', () => this.#lose(new Error('it has ended')));
  }

  async *chunks(source: Buffer): AsyncGenerator<Uint8Array> {
    const id = this.#jobs++;
    // A copy of its own: with a view, all that lies around it in memory would be sent along.
    let bytes: Uint8Array | undefined = new Uint8Array(source);
    try {
      for (;;) {
        const { chunks = [], isWhole, fault } = await this.#step(id, bytes);
        if (fault !== undefined) throw new Error(fault);
        yield* chunks;
        if (isWhole === true) return;
        bytes = undefined;
      }
    } finally {
      this.#worker.postMessage({ id, isOver: true });
    }
  }

  #step(id: number, bytes: Uint8Array | undefined): Promise<Step> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        settle();
        reject(new Error('it takes too long to decompress'));
        this.#lose(new Error('an input took too long'));
        void this.#worker.terminate();
      }, LONGEST_STEP_MS);
      const settle = (): void => {
        clearTimeout(late);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) this.#worker.unref();
      };
      this.#worker.ref();
      this.#waiting.set(id, {
        resolve: (step) => {
          settle();
          resolve(step);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      this.#worker.postMessage({ id, bytes });
    });
  }

  #lose(cause: unknown): void {
    if (thread === this) thread = undefined;
    const lost = new ThreadLost(`the thread that decompresses is gone: ${toError(cause).message}`);
    for (const { reject } of [...this.#waiting.values()]) reject(lost);
  }
}
