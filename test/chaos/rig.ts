import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { Migration } from '../../src/config/migration.js';
import { HandoverError } from '../../src/domain/errors.js';
import type { Log } from '../../src/domain/log.js';
import type { Policy } from '../../src/domain/policy/policy.js';
import type { Change } from '../../src/domain/policy/policy-change.js';
import type { Side } from '../../src/domain/side.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/redis/connect.js';
import type { PolicyStore } from '../../src/ledger/redis/stores/policy-store.js';
import type { LocalStack } from '../../src/local/stack/state.js';
import { sendPolicyChange } from '../../src/operations/policy/send-policy-change.js';
import { resolveMessage } from '../../src/operations/resolve/resolve-message.js';
import { setConsumptionUpdate, setFailoverUpdate, setPercentageUpdate } from '../../src/workflows/cutover/contract.js';
import type { Links } from './network/links.js';
import type { Provider } from './provider.js';
import type { Services } from './services.js';
import type { Stream } from './traffic/traffic.js';
import type { KafkaTruth } from './verdict/kafka-truth.js';
import type { RocketmqTruth } from './verdict/rocketmq-truth.js';
import type { Workers } from './workers.js';

/** What all scenarios of a run share. Client, ledger and Redis are reached without a detour. */
export interface Ground {
  readonly stack: LocalStack;
  readonly migration: Migration;
  readonly client: Client;
  readonly redis: RedisClient;
  readonly ledger: Ledger;
  readonly policyStore: PolicyStore;
  readonly links: Links;
  readonly workers: Workers;
  readonly services: Services;
  readonly provider: Provider;
  readonly kafka: KafkaTruth;
  readonly rocketmq: RocketmqTruth;
  readonly log: Log;
  /** Logs of the processes, and what is kept of what went wrong. */
  readonly folder: string;
  /** Aborted when the run is to end, by a person or because it cannot go on. */
  readonly signal: AbortSignal;
  say(line: string): void;
}

const BY = { actor: 'chaos', reason: 'chaos' } as const;
const POLICY_ATTEMPTS = 8;
const POLICY_PAUSE_MS = 5_000;

/** What a scenario works with: the ground, its own stream of messages, and its own book of faults. */
export class Rig {
  readonly ground: Ground;
  readonly stream: Stream;
  /** Numbers 0 (included) .. 1 (excluded) by the seed. */
  readonly draw: () => number;
  readonly book = new Map<string, number>();
  readonly broken: string[] = [];
  /** Messages that the scenario has had sent again by a person's resolution. */
  readonly resent = new Set<string>();

  constructor(ground: Ground, stream: Stream, draw: () => number) {
    this.ground = ground;
    this.stream = stream;
    this.draw = draw;
  }

  /** Enters a fault into the book, as often as it was seen to happen. */
  fired(fault: string, count = 1): void {
    this.book.set(fault, (this.book.get(fault) ?? 0) + count);
  }

  /** Notes what went against a promise. */
  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.broken.push(otherwise);
  }

  async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.ground.signal });
  }

  /** Waits until the condition holds; answers how long that took, in ms. */
  async until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 30_000): Promise<number> {
    const since = performance.now();
    while (!(await condition())) {
      if (performance.now() - since > timeoutMs) throw new Error(`not within ${timeoutMs / 1_000} s: ${what}`);
      await this.pause(100);
    }
    return performance.now() - since;
  }

  /** Has something going on while `work` is done, and ends it then; a failure of either is one of both. */
  async during(goingOn: (done: AbortSignal) => Promise<void>, work: () => Promise<void>): Promise<void> {
    const done = new AbortController();
    const [going, working] = [goingOn(done.signal), work().finally(() => done.abort())];
    const ends = await Promise.allSettled([going, working]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Whether a workflow of this message exists, whatever its state. */
  async hasWorkflow(messageId: string): Promise<boolean> {
    return this.ground.client.workflow
      .getHandle(messageId)
      .describe()
      .then(
        () => true,
        () => false,
      );
  }

  /** How many of these messages have settled or are parked, or are known as stranded, in the ledger. */
  async countEnded(messageIds: readonly string[]): Promise<number> {
    const states = await this.ground.ledger.states(messageIds);
    return states.filter((state) => state === 'settled' || state === 'parked').length;
  }

  /** A change by the command's own way, tried again where no worker answered in time. */
  async change<A extends Change>(update: UpdateDefinition<Policy, [A]>, args: Omit<A, keyof Change>): Promise<Policy> {
    const { client, policyStore, migration } = this.ground;
    for (let attempt = 1; ; attempt += 1) {
      this.ground.signal.throwIfAborted();
      try {
        const parts = {
          client,
          policyStore,
          migration: migration.name,
          update,
          args: { ...BY, ...args } as unknown as A,
        };
        return (await sendPolicyChange(parts)).policy;
      } catch (error) {
        if (attempt === POLICY_ATTEMPTS || !(error instanceof HandoverError) || error.code !== 'no-worker') throw error;
        // It may be under way still, and is answered as it is when it is asked for again.
        await this.pause(POLICY_PAUSE_MS);
      }
    }
  }

  async setPercentage(percentage: number): Promise<Policy> {
    return this.change(setPercentageUpdate, { hundredths: Math.round(percentage * 100) });
  }

  async switch(consumption: 'on' | 'off'): Promise<Policy> {
    return this.change(setConsumptionUpdate, { consumption });
  }

  async failover(failover: 'none' | Side): Promise<Policy> {
    return this.change(setFailoverUpdate, { failover });
  }

  /** All services and one worker of each side in good order, no fault anywhere, and half of what comes cut over. */
  async makeWhole(): Promise<void> {
    const { links, services, workers, provider, signal } = this.ground;
    links.heal();
    await services.makeWhole(signal);
    await provider.setFaults({});
    await workers.makeWhole();
    await this.failover('none');
    await this.switch('on');
    await this.setPercentage(50);
    await this.until(() => workers.areReady(), 'the workers are ready', 60_000);
  }

  /** What a person does with a parked message of which the provider has no trace. */
  async resend(messageId: string): Promise<void> {
    const { client, ledger } = this.ground;
    this.resent.add(messageId);
    const answer = { messageId, resolution: 'resend', person: BY } as const;
    await this.until(
      () => resolveMessage({ client, ledger }, answer).then(() => true, isTooEarly),
      `${messageId} may be sent again`,
    );
  }
}

/** A resend waits until the last request can no longer take effect. */
function isTooEarly(error: unknown): false {
  if (error instanceof HandoverError && error.message.includes('may still take effect')) return false;
  throw error;
}
