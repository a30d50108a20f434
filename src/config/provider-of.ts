import { HandoverError } from '../domain/errors.js';
import type { Migration } from './migration.js';

/**
 * The provider of a migration, for those who are about to ask it for rewards.
 *
 * @throws HandoverError `provider-missing` if the reward goes by HTTP and nobody has said to which URL.
 */
export function providerOf(migration: Migration): NonNullable<Migration['provider']> {
  if (migration.provider !== undefined) return migration.provider;
  throw new HandoverError('provider-missing', `Migration "${migration.name}" has no URL to ask for rewards`, {
    hint: 'Set REWARD_URL, or provider.url in handover.config.ts.',
  });
}
