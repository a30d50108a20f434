import { DefaultLogger, type Logger as TemporalLogger } from '@temporalio/worker';
import { destination, type Logger, pino } from 'pino';

/**
 * The process's logger: JSON lines on standard error, as standard output belongs to `--json`. Never given a body, a
 * header, an address with credentials or a configuration; `redact` is applied to every line all the same.
 */
export function createLogger(level: string, redact: (text: string) => string): Logger {
  const stderr = destination({ fd: 2, sync: true });
  return pino({ level, base: { pid: process.pid } }, { write: (line: string) => stderr.write(redact(line)) });
}

/** Temporal's log lines in ours. Its argument order is the reverse of pino's, and its levels are upper case. */
export function bridgeTemporalLogger(log: Logger): TemporalLogger {
  return new DefaultLogger('TRACE', ({ level, message, meta }) => {
    log[TEMPORAL_LEVELS[level]](meta ?? {}, message);
  });
}

const TEMPORAL_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
