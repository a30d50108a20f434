import { STAMPS } from '../../domain/message/message.js';
import type { Side } from '../../domain/side.js';

/** What is wrong with a message that must end on a dead-letter topic. */
const POISON_FAULTS = ['no ID', 'bad ID', 'broken JSON'] as const;

/** Where poison goes: half of a double write may be poison for one side alone. */
const POISON_SIDES: readonly (readonly Side[])[] = [['kafka', 'rocketmq'], ['kafka'], ['rocketmq']];

export interface Poison {
  readonly kind: 'poison';
  /** Unique, and in the body, so that it is known again on a dead-letter topic. */
  readonly tag: string;
  readonly fault: (typeof POISON_FAULTS)[number];
  /** Kafka headers or RocketMQ user properties. */
  readonly properties: ReadonlyMap<string, string>;
  readonly body: string;
  readonly sides: readonly Side[];
  /** Index of the phase in which it is published. */
  readonly phase: number;
}

/** The nth (from 0) poison message of a run: each fault in turn, and for each of them every choice of sides. */
export function planPoison(run: string, nth: number, phase: number): Poison {
  const tag = `${run}-poison-${nth + 1}`;
  const fault = POISON_FAULTS[nth % POISON_FAULTS.length] ?? 'no ID';
  const sides = POISON_SIDES[Math.floor(nth / POISON_FAULTS.length) % POISON_SIDES.length] ?? [];
  const body = JSON.stringify({ poison: tag });
  switch (fault) {
    case 'no ID':
      return { kind: 'poison', tag, fault, properties: new Map(), body, sides, phase };
    case 'bad ID':
      return { kind: 'poison', tag, fault, properties: stamped(`${tag} has spaces`), body, sides, phase };
    case 'broken JSON':
      return { kind: 'poison', tag, fault, properties: stamped(tag), body: body.slice(0, -1), sides, phase };
  }
}

/** The tag of a run's poison in the body of a dead letter. */
export function tagIn(run: string, body: string): string | undefined {
  return new RegExp(`${run}-poison-\\d+`).exec(body)?.[0];
}

function stamped(messageId: string): ReadonlyMap<string, string> {
  return new Map([[STAMPS.messageId, messageId]]);
}
