import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { HandoverError } from '../../domain/errors.js';

/** The stack that is meant where nobody names one; its services have their usual ports. */
export const DEFAULT_INSTANCE = 'default';

const INSTANCE = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** @throws HandoverError `wrong-use` if the name could not be a folder's or a Compose project's. */
export function checkInstance(instance: string): void {
  if (INSTANCE.test(instance)) return;
  throw new HandoverError('wrong-use', `'${instance}' cannot be the name of an instance.`, {
    hint: 'Take up to 40 lower-case letters, digits and hyphens, not beginning with a hyphen.',
  });
}

/** Holds one folder per instance: the same for every clone of handover, so that any of them can stop a stack. */
export function stateFolder(): string {
  return join(xdgFolder('XDG_STATE_HOME', '.local/state'), 'handover');
}

export function instanceFolder(instance: string): string {
  return join(stateFolder(), instance);
}

/** Holds what was fetched, by component and version. */
export function cacheFolder(): string {
  return join(xdgFolder('XDG_CACHE_HOME', '.cache'), 'handover');
}

function xdgFolder(variable: string, fallback: string): string {
  const path = process.env[variable];
  // The XDG specification wants a relative path ignored.
  return path !== undefined && isAbsolute(path) ? path : join(homedir(), fallback);
}
