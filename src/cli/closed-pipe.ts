import type { EventEmitter } from 'node:events';

/**
 * Lets a command go on when whoever read its output has had enough, as `| head` has: without a listener a stream's fault
 * ends the process in a stack trace, in the midst of what it does. What follows is printed to nobody, and the exit code is
 * that of the work.
 */
export function outliveReaders(streams: readonly Pick<EventEmitter, 'on'>[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
