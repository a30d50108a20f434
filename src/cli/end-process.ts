/** How long a process whose work is done may take to end by itself, in ms. */
const ENDS_BY_ITSELF_MS = 1_000;

/**
 * Sees to it that this process ends once its work is done. Everything has been closed by then; a library that leaves a
 * connection, a timer or a thread behind would keep it alive for ever all the same, as one seen by whoever started it, and
 * working on nothing. What was left is named on standard error.
 */
export function endProcess(exitCode: number): void {
  process.exitCode = exitCode;
  const overdue = setTimeout(() => {
    const left = [...new Set(process.getActiveResourcesInfo())].filter((kind) => !STANDARD.has(kind));
    process.stderr.write(`handover: done, but something is left open, and the process is ended: ${left.join(', ')}\n`);
    process.exit(exitCode);
  }, ENDS_BY_ITSELF_MS);
  // It must not be what keeps the process alive.
  overdue.unref();
}

/** Standard input and output, which keep nothing alive. */
const STANDARD = new Set(['TTYWrap', 'PipeWrap', 'FSReqCallback', 'Immediate']);
