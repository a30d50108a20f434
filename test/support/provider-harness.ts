import type { GrantResult } from '../../src/domain/reward/outcome.js';
import type { HttpProviderOptions } from '../../src/reward/http/options.js';
import { createHttpProvider } from '../../src/reward/http/provider.js';
import type { AttemptContext, RewardMessage, RewardProvider } from '../../src/reward/provider.js';

const releases: (() => Promise<void>)[] = [];

/** Registers what a test has opened; {@link releaseAll} closes it, the last first. */
export function releaseLater(release: () => Promise<void>): void {
  releases.push(release);
}

export async function releaseAll(): Promise<void> {
  for (const release of releases.splice(0).reverse()) await release();
}

export function providerFor(url: string, options: Partial<HttpProviderOptions> = {}): RewardProvider {
  const provider = createHttpProvider({
    kind: 'http',
    url,
    method: 'POST',
    headers: {},
    connectTimeoutMs: 5_000,
    timeoutMs: 5_000,
    answerBytes: 65_536,
    connections: 8,
    statusClasses: {},
    ...options,
  });
  releaseLater(async () => provider.close?.());
  return provider;
}

export function messageFor(messageId: string): RewardMessage {
  return { messageId, body: Buffer.from(JSON.stringify({ messageId })) };
}

export function attempt(
  provider: RewardProvider,
  { messageId = 'm-1', ...context }: Partial<AttemptContext> & { messageId?: string } = {},
): Promise<GrantResult> {
  const { signal } = new AbortController();
  return provider.grant(messageFor(messageId), { attempt: 1, signal, maySend: () => true, ...context });
}
