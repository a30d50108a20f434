import type { z } from 'zod';
import { type ErrorCode, HandoverError } from '../domain/errors.js';
import { secrets } from './secrets.js';

/** One error for all faults of a configuration, with secrets struck out. */
export function faultsError(code: ErrorCode, subject: string, faults: readonly string[], hint: string): HandoverError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  const lines = faults.map((fault) => `\n  - ${fault}`).join('');
  return new HandoverError(code, secrets.redact(`${subject} has ${count}:${lines}`), { hint });
}

/** What a schema found wrong: where, and what should be there. Never what is there, which may be a secret. */
export function describeIssues(error: z.ZodError, under: readonly string[] = []): string[] {
  return error.issues.flatMap((issue) => {
    const path = [...under, ...issue.path.map(nameOf)];
    if (issue.code !== 'unrecognized_keys') return [`${path.join('.') || 'it'}: ${issue.message}`];
    return issue.keys.map((key) => `${[...path, nameOf(key)].join('.')}: there is no such setting`);
  });
}

/** A name as it may be shown: one that looks like no name may be a value in the wrong place. */
function nameOf(key: PropertyKey): string {
  const name = String(key);
  return /^[\w-]{1,60}$/.test(name) ? name : '(a name that cannot be shown)';
}
