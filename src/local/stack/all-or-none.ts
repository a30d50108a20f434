import { toError } from '../../domain/errors.js';

/**
 * Runs tasks side by side. When one fails the others are told by their signal, and all of them are waited for, so that
 * nothing goes on behind the caller's back.
 * @returns what each task answered, by its name
 * @throws what the first of them threw; the signal's reason if the caller's signal came first
 */
export async function allOrNone<Answers extends Readonly<Record<string, unknown>>>(
  tasks: { readonly [Name in keyof Answers]: (signal: AbortSignal) => Promise<Answers[Name]> },
  signal?: AbortSignal,
): Promise<Answers> {
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const answers: Record<string, unknown> = {};
  await Promise.allSettled(
    Object.entries(tasks).map(async ([name, task]) => {
      try {
        answers[name] = await task(either);
      } catch (error) {
        failed.abort(toError(error));
      }
    }),
  );
  if (failed.signal.aborted) throw either.reason;
  return answers as Answers;
}
