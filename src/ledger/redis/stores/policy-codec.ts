import { z } from 'zod';
import { isBusinessId } from '../../../domain/message/message.js';
import { LARGEST_VERSION } from '../../../domain/policy/foreign-copy.js';
import type { Policy } from '../../../domain/policy/policy.js';

const START = z.object({
  at: z.iso.datetime(),
  marginMs: z.int().min(0),
  positions: z.record(z.string(), z.string().regex(/^\d+$/)).readonly(),
});

const POLICY = z.object({
  version: z.int().min(1).max(LARGEST_VERSION),
  consumption: z.enum(['on', 'off']),
  hundredths: z.int().min(0).max(10_000),
  allow: z.array(z.string().refine(isBusinessId)).readonly(),
  failover: z.enum(['none', 'kafka', 'rocketmq']),
  start: START.optional(),
  updatedAt: z.string(),
  actor: z.string(),
  reason: z.string(),
}) satisfies z.ZodType<Policy>;

/** A policy as Redis holds it: one policy always gives one text, so that texts can be compared. */
export function encodePolicy(policy: Policy): string {
  return JSON.stringify(POLICY.parse(policy));
}

/** The policy in `json`; undefined for whatever is not wholly one. Nothing is guessed and no default is filled in. */
export function decodePolicy(json: string): Policy | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Not JSON is one of the ways not to be a policy.
    return undefined;
  }
  return POLICY.safeParse(value).data;
}
