import { createHttpProvider } from './http-provider.js';
import type { HttpProviderOptions } from './http-provider-options.js';
import type { RewardProvider } from './provider.js';

/** Makes the provider that a migration names: its own object as it is, or the HTTP provider with its settings. */
export function openProvider(provider: HttpProviderOptions | RewardProvider): RewardProvider {
  return 'grant' in provider ? provider : createHttpProvider(provider);
}
