import type { Service } from './service.js';

export const redis: Service = {
  name: 'redis',
  title: 'Redis',
  async prepare({ ports, programs, folder }) {
    return {
      command: programs.redisServer,
      args: [
        ...['--port', String(ports.redis), '--bind', '127.0.0.1', '--dir', folder],
        // The ledger must outlive a crash of Redis, and must never be evicted: it says who owns a message.
        ...['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
        // The append-only file is enough; snapshots would double the writes.
        ...['--save', ''],
      ],
    };
  },
};
