import {
  ClientException,
  type Endpoints,
  NotFoundException,
  Producer,
  type TopicRouteData,
} from 'rocketmq-client-nodejs';
import definitions from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import { HandoverError, toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import { checkRocketmqConnection, type RocketmqConnection } from '../connections.js';
import type { OutgoingRecord, Publisher, PublisherOptions } from '../publisher.js';
import { ClientGuard, rocketmqOptions, shareEndpoints } from './client.js';

/** Records that fail in a row before the client is given up for a new one, at the next endpoint. */
const FAILURES = 5;

/** @throws HandoverError `config-invalid` for a connection that cannot be one. */
export function createRocketmqPublisher(options: PublisherOptions<RocketmqConnection>): Publisher {
  const { log } = options;
  const connection = checkRocketmqConnection(options.connection);
  let attempt = 0;
  let failures = 0;
  let connecting: Promise<Connected> | undefined;

  async function connect(): Promise<Connected> {
    const producer = new RoutedProducer(connection, attempt++, log);
    const guard = new ClientGuard(producer, log);
    await guard.startUp();
    return { producer, guard };
  }

  /** Many callers may see the same client fail; the first of them gives it up. */
  async function giveUp(failed: Promise<Connected>): Promise<void> {
    if (connecting !== failed) return;
    connecting = undefined;
    failures = 0;
    const connected = await failed.catch(() => undefined);
    await connected?.guard.shutDown();
  }

  return {
    side: 'rocketmq',
    async publish(record: OutgoingRecord): Promise<string> {
      connecting ??= connect();
      const current = connecting;
      try {
        const connected = await current.catch((error) => {
          failures = FAILURES;
          throw error;
        });
        const coordinates = await connected.producer.publish(record);
        failures = 0;
        return coordinates;
      } catch (error) {
        const fault = rocketmqFault(record.topic, toError(error));
        if (fault.code === 'broker-unavailable' && ++failures >= FAILURES) await giveUp(current);
        throw fault;
      }
    },
    async close(): Promise<void> {
      if (connecting !== undefined) await giveUp(connecting);
    },
  };
}

interface Connected {
  readonly producer: RoutedProducer;
  readonly guard: ClientGuard;
}

class RoutedProducer extends Producer {
  readonly #endpoints = new Map<string, Endpoints>();

  constructor(connection: RocketmqConnection, attempt: number, log: Log) {
    super({ ...rocketmqOptions(connection, attempt, log), maxAttempts: 1 });
  }

  async publish({ topic, properties, key, body }: OutgoingRecord): Promise<string> {
    const keys = key === undefined ? [] : [key];
    const receipt = await this.send({ topic, keys, properties: new Map(properties), body: body ?? Buffer.alloc(0) });
    // The client avoids an endpoint for ever after one failure; it is given another chance as soon as anything went well.
    this.isolated.clear();
    if (receipt === undefined) throw new Error('the proxy answered without a receipt');
    return `rocketmq:${topic}/${receipt.messageQueue.broker.name}#${receipt.messageId}`;
  }

  protected override onTopicRouteDataUpdate(topic: string, route: TopicRouteData): void {
    shareEndpoints(this.#endpoints, route);
    super.onTopicRouteDataUpdate(topic, route);
  }
}

function rocketmqFault(topic: string, cause: Error): HandoverError {
  const isMissing = cause instanceof NotFoundException;
  const code = isMissing ? 'topic-missing' : isRefusal(cause) ? 'broker-refused' : 'broker-unavailable';
  return new HandoverError(code, `RocketMQ did not take a record for topic ${topic}: ${cause.message}`, { cause });
}

/** 4xxxx is the caller's fault, but for what time may mend: a topic that is not there yet, and throttling. */
function isRefusal(error: Error): boolean {
  // What the client itself finds wrong with a record, such as its size.
  if (error instanceof TypeError) return true;
  if (!(error instanceof ClientException) || error instanceof NotFoundException) return false;
  const { BAD_REQUEST, INTERNAL_ERROR, REQUEST_TIMEOUT, TOO_MANY_REQUESTS } = definitions.Code;
  return (
    error.code >= BAD_REQUEST &&
    error.code < INTERNAL_ERROR &&
    error.code !== REQUEST_TIMEOUT &&
    error.code !== TOO_MANY_REQUESTS
  );
}
