import {
  type Endpoints,
  FilterExpression,
  type MessageView,
  SimpleConsumer,
  StatusChecker,
  type TopicRouteData,
} from 'rocketmq-client-nodejs';
import definitions from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import type { Log } from '../../domain/log.js';
import type { RocketmqConnection } from '../connections.js';
import { rocketmqOptions, shareEndpoints } from './client.js';
import { type PoppedDelivery, poppedDelivery } from './delivery.js';
import { PollChannels } from './poll-channels.js';
import { forExtension, type ReceiptHandle } from './receipt-handle.js';

export interface PopConsumerOptions {
  readonly connection: RocketmqConnection;
  readonly attempt: number;
  readonly topic: string;
  readonly group: string;
  /** Largest body, once it is decompressed. */
  readonly bodyBytes: number;
  readonly log: Log;
}

export interface Popped {
  readonly deliveries: readonly PoppedDelivery[];
  /** The broker waited for the whole poll and found none of its queues to hold anything for the group. */
  readonly empty: boolean;
  /** It was answered "no new message" at once, although the broker was asked to wait. */
  readonly hasty: boolean;
}

/** The proxy's shortest long poll. A receive cannot be cancelled, so this is also how long a stop may take. */
export const LONG_POLL_MS = 5000;
/** A poll that took longer was late at the broker, which then may answer without having looked into its queues. */
const LONGEST_EMPTY_POLL_MS = LONG_POLL_MS + 500;
/** A poll that found nothing but what the broker discards (filtered, or for its own dead letters) ends at once. */
const SHORTEST_EMPTY_POLL_MS = LONG_POLL_MS - 500;
/** Sooner than this no poll ends that has waited for anything. */
const HASTY_POLL_MS = 1000;
/** Most messages that the proxy hands out in one answer. */
export const MAX_POP = 32;

/** The official consumer, polled broker by broker, and told what it leaves out: queues, store times, and single failures. */
export class PopConsumer extends SimpleConsumer {
  readonly #topic: string;
  readonly #bodyBytes: number;
  readonly #endpoints = new Map<string, Endpoints>();
  readonly #channels: PollChannels;

  constructor({ connection, attempt, topic, group, bodyBytes, log }: PopConsumerOptions) {
    super({
      ...rocketmqOptions(connection, attempt, log),
      consumerGroup: group,
      subscriptions: new Map([[topic, FilterExpression.SUB_ALL]]),
      awaitDuration: LONG_POLL_MS,
    });
    this.#topic = topic;
    this.#bodyBytes = bodyBytes;
    this.#channels = new PollChannels(connection.tls);
  }

  /** The queues of the topic that can be read, `<broker>/<queue>`, as the route was half a minute ago at most. */
  queues(): string[] {
    return this.#readable().map(({ broker, queueId }) => `${broker.name}/${queueId}`);
  }

  brokers(): string[] {
    return [...new Set(this.#readable().map(({ broker }) => broker.name))];
  }

  /** Waits for up to {@link LONG_POLL_MS} until any queue of the broker has something. Rejects at any doubt. */
  async pop(broker: string, max: number, invisibilityMs: number): Promise<Popped> {
    // The proxy goes by the broker's name alone and pops from all its queues, whichever of them is named here.
    const queue = this.#readable().find((entry) => entry.broker.name === broker);
    if (queue === undefined) throw new Error(`RocketMQ broker ${broker} no longer serves ${this.#topic}`);
    const { endpoints } = queue.broker;
    const request = this.wrapReceiveMessageRequest(max, queue, FilterExpression.SUB_ALL, invisibilityMs, LONG_POLL_MS);
    const startedAt = performance.now();
    const deadline = this.requestTimeout + LONG_POLL_MS;
    const responses = await this.#channels.receive(endpoints, request, this.getRequestMetadata(), deadline);
    const elapsed = performance.now() - startedAt;
    const status = responses.find((response) => response.hasStatus())?.getStatus();
    if (status === undefined) throw new Error(`RocketMQ broker ${broker} broke off a poll`);
    StatusChecker.check(status.toObject());
    const receivedAt = Date.now();
    const askedAt = Math.floor(receivedAt - elapsed);
    const origin = { broker, endpoints, receivedAt, askedAt, bodyBytes: this.#bodyBytes };
    const deliveries: PoppedDelivery[] = [];
    // One after the other, so that no more than one of them is being decompressed.
    for (const response of responses) {
      const message = response.getMessage();
      if (message !== undefined) deliveries.push(await poppedDelivery(message, origin));
    }
    const found = status.getCode() !== definitions.Code.MESSAGE_NOT_FOUND;
    return {
      deliveries,
      empty: !found && elapsed >= SHORTEST_EMPTY_POLL_MS && elapsed <= LONGEST_EMPTY_POLL_MS,
      hasty: !found && elapsed < HASTY_POLL_MS,
    };
  }

  /** @throws ClientException also for the status of the single entry, which the client itself ignores. */
  async acknowledge(handle: ReceiptHandle): Promise<void> {
    for (const { status } of await this.ackMessage(asView(handle))) StatusChecker.check(status);
  }

  /** Keeps the message from everyone else for so long from now. */
  async extend(handle: ReceiptHandle, invisibilityMs: number): Promise<void> {
    handle.receiptHandle = forExtension(await this.invisibleDuration(asView(handle), invisibilityMs));
  }

  override async shutdown(): Promise<void> {
    this.#channels.close();
    await super.shutdown();
  }

  protected override onTopicRouteDataUpdate(topic: string, route: TopicRouteData): void {
    shareEndpoints(this.#endpoints, route);
    super.onTopicRouteDataUpdate(topic, route);
  }

  #readable(): TopicRouteData['messageQueues'] {
    const { READ, READ_WRITE } = definitions.Permission;
    const queues = this.topicRouteCache.get(this.#topic)?.messageQueues ?? [];
    return queues.filter(({ permission }) => permission === READ || permission === READ_WRITE);
  }
}

/** The client declares a whole view here but reads just what a receipt handle has. */
function asView(handle: ReceiptHandle): MessageView {
  return handle as unknown as MessageView;
}
