import { join } from 'node:path';
import { DEFAULT_SEARCH_ATTRIBUTES } from '../provision/resources.js';
import type { Service } from './service.js';

/** Temporal's development server with its Web UI: one program, in memory unless data is to persist. */
export const temporal: Service = {
  name: 'temporal',
  title: 'Temporal',
  async prepare({ ports, programs, persist, folder }) {
    return {
      command: programs.temporal,
      args: [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error'],
        ...['--port', String(ports.temporal), '--ui-port', String(ports.temporalUi), '--ui-disable-news-fetch'],
        ...Object.entries(DEFAULT_SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
          '--search-attribute',
          `${name}=${type}`,
        ]),
        // Without them every start and every activity takes a round trip more through the server's queues.
        ...['--dynamic-config-value', 'system.enableEagerWorkflowStart=true'],
        ...['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
        ...(persist ? persistIn(folder) : []),
      ],
    };
  },
};

/**
 * What is written outlives a crash of the server, though not one of the machine: by default each step of each workflow waits
 * for the disk, and a few dozen messages in flight are enough for requests to run into their deadlines.
 */
function persistIn(folder: string): readonly string[] {
  return [
    '--db-filename',
    join(folder, 'temporal.db'),
    '--sqlite-pragma',
    'journal_mode=wal',
    '--sqlite-pragma',
    'synchronous=1',
  ];
}
