import { HandoverError } from '../domain/errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption {
  /** Aborted by the first signal: end in good order. */
  readonly signal: AbortSignal;
  /** Aborted by the second one: end now. */
  readonly hurry: AbortSignal;
  /** Interrupts as a signal does, for a reason other than one. */
  interrupt(why: string): void;
}

/**
 * Runs work that Ctrl-C (or SIGTERM, or a closed terminal) asks to end by aborting its signal; it cleans up and throws. A
 * second signal asks to hurry.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal, interruption: Interruption) => Promise<T>,
): Promise<T> {
  const first = new AbortController();
  const second = new AbortController();
  const interrupt = (why: string): void => {
    const controller = first.signal.aborted ? second : first;
    controller.abort(new HandoverError('interrupted', why));
  };
  const onSignal = (name: NodeJS.Signals): void => interrupt(`Interrupted by ${name}.`);
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await work(first.signal, { signal: first.signal, hurry: second.signal, interrupt });
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
