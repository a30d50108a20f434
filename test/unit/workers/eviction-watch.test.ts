import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RedisClient } from '../../../src/ledger/redis/connect.js';
import { EvictionWatch } from '../../../src/workers/eviction-watch.js';

const EVICTING = 'maxmemory:1048576\r\nmaxmemory_policy:allkeys-lru\r\n';
const SAFE = 'maxmemory:1048576\r\nmaxmemory_policy:noeviction\r\n';

let watch: EvictionWatch | undefined;
afterEach(() => watch?.stop());

function start(info: () => Promise<string>, accept = false): EvictionWatch {
  const redis = { ping: async () => 'PONG', info, isCluster: false } as unknown as RedisClient;
  watch = new EvictionWatch({ redis, accept, everyMs: 5 });
  return watch;
}

describe('a worker on a Redis that evicts', () => {
  it('is not ready, and says what to set', async () => {
    const looks = start(async () => EVICTING);
    await vi.waitFor(() =>
      expect(looks.reasons()).toEqual([expect.stringMatching(/^redis: .*allkeys-lru.*noeviction.*acceptEviction/)]),
    );
  });

  it('is ready once the policy was changed, and is not again when it was changed back', async () => {
    let info = EVICTING;
    const looks = start(async () => info);
    await vi.waitFor(() => expect(looks.reasons()).toHaveLength(1));
    info = SAFE;
    await vi.waitFor(() => expect(looks.reasons()).toEqual([]));
    info = EVICTING;
    await vi.waitFor(() => expect(looks.reasons()).toHaveLength(1));
  });

  it('is ready where that is accepted, and does not ask', () => {
    const info = vi.fn(async () => EVICTING);
    expect(start(info, true).reasons()).toEqual([]);
    expect(info).not.toHaveBeenCalled();
  });

  it('says that it could not look where Redis does not tell, and looks again until it does', async () => {
    let answers = false;
    const looks = start(async () => {
      if (!answers) throw new Error("this user has no permissions to run the 'info' command");
      return SAFE;
    });
    await vi.waitFor(() => expect(looks.unchecked()).toEqual([expect.stringMatching(/^eviction of Redis: /)]));
    answers = true;
    await vi.waitFor(() => expect(looks.unchecked()).toEqual([]));
    expect(looks.reasons()).toEqual([]);
  });
});
