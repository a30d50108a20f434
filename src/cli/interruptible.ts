import { HandoverError } from '../domain/errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs work that Ctrl-C (or SIGTERM, or a closed terminal) asks to end by aborting its signal; it cleans up and throws. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = (name: NodeJS.Signals): void =>
    interruption.abort(new HandoverError('interrupted', `Interrupted by ${name}.`));
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    return await work(interruption.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}
