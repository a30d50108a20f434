import { Duplex } from 'node:stream';
import { format } from 'node:util';
import type { BaseClient, BaseClientOptions, Endpoints, ILogger, TopicRouteData } from 'rocketmq-client-nodejs';
import { within } from '../../async/waiting.js';
import { toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import { grpcProxyHint, keepLoopbackDirect } from '../../domain/loopback.js';
import { endpointAt, type RocketmqConnection } from '../connections.js';

type TelemetryStream = ReturnType<BaseClient['createTelemetryStream']>;

/** The deadline of one request, without the time of a long poll. */
const REQUEST_MS = 3000;
/** The client itself tries for the routes three times and then waits for its settings without end. */
const START_UP_MS = 12_000;
const SHUT_DOWN_MS = 5000;

/** The options that consumers and producers share. A logger always, as without one the client makes files in the home folder. */
export function rocketmqOptions(connection: RocketmqConnection, attempt: number, log: Log): BaseClientOptions {
  const { tls, namespace = '', accessKey, secretKey } = connection;
  // The client gives gRPC no options, so the environment, which gRPC reads at each new channel, is the only way.
  keepLoopbackDirect(process.env);
  return {
    endpoints: endpointAt(connection, attempt),
    namespace,
    sslEnabled: tls,
    requestTimeout: REQUEST_MS,
    logger: clientLogTo(log),
    ...(accessKey !== undefined &&
      secretKey !== undefined && { sessionCredentials: { accessKey, accessSecret: secretKey } }),
  };
}

/** A client whose start-up ends in time and whose shut-down leaves nothing behind, neither of which it does by itself. */
export class ClientGuard {
  readonly #client: BaseClient;
  readonly #log: Log;
  readonly #streams = new Set<TelemetryStream>();
  #closed = false;

  constructor(client: BaseClient, log: Log) {
    this.#client = client;
    this.#log = log;
    const open = client.createTelemetryStream.bind(client);
    client.createTelemetryStream = (endpoints) => (this.#closed ? deadStream() : this.#keep(open(endpoints)));
  }

  /** @throws Error when the client is not up in time; it is then shut down. */
  async startUp(): Promise<void> {
    const starting = this.#client.startup();
    try {
      if (await within(START_UP_MS, starting)) return;
      throw new Error(`it has not answered for ${START_UP_MS / 1000} s`);
    } catch (error) {
      await this.shutDown();
      // A start-up that ends after that has begun timers that would keep the process alive.
      const again = () => void this.shutDown();
      starting.then(again, again);
      const cause = rootCause(toError(error));
      const endpoints = this.#client.getEndpoints();
      const proxy = grpcProxyHint(endpoints.facade.replace(/^\w+:/, ''), process.env);
      throw new Error(`RocketMQ at ${endpoints}${proxy}: ${cause.message}`, { cause: error });
    }
  }

  /** Never rejects: where the proxy is away the client gives up half-way, and the rest is done here. */
  async shutDown(): Promise<void> {
    this.#closed = true;
    try {
      await within(SHUT_DOWN_MS, this.#client.shutdown());
    } catch (err) {
      this.#log.debug({ err }, 'the RocketMQ proxy could not be told that a client leaves');
    }
    for (const stream of this.#streams) stream.cancel();
    this.#client.getRpcClientManager().close();
  }

  /**
   * The client takes all listeners off a stream that it lets go of, and an error that the stream reports later (its
   * connection breaking, say) would then end the process as uncaught. So one listener stays on every stream.
   */
  #keep(stream: TelemetryStream): TelemetryStream {
    const onError = (err: Error) => this.#log.debug({ err }, 'a RocketMQ telemetry stream broke');
    const removeAll = stream.removeAllListeners.bind(stream);
    stream.removeAllListeners = (event?: string | symbol) => {
      if (event === undefined) removeAll();
      else removeAll(event);
      return stream.on('error', onError);
    };
    stream.on('error', onError);
    stream.once('close', () => this.#streams.delete(stream));
    this.#streams.add(stream);
    return stream;
  }
}

/**
 * Connections are kept per `Endpoints` object, and every route refresh brings new ones: without this each of them would
 * open another connection.
 */
export function shareEndpoints(known: Map<string, Endpoints>, route: TopicRouteData): void {
  for (const { broker } of route.messageQueues) {
    const endpoints = known.get(broker.endpoints.facade) ?? broker.endpoints;
    known.set(endpoints.facade, endpoints);
    broker.endpoints = endpoints;
  }
}

/** What a client that was shut down gets when a reconnect of its, which it does not cancel, comes due. */
function deadStream(): TelemetryStream {
  const stream = new Duplex({ objectMode: true, read() {}, write: (_chunk, _encoding, done) => done() });
  return stream as unknown as TelemetryStream;
}

function rootCause(error: Error): Error {
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}

/** What the client reports is an attempt that is repeated; what is final reaches a supervisor or a caller, who tells it. */
function clientLogTo(log: Log): ILogger {
  const tell = (...args: unknown[]) => {
    const text = format(...args.map((arg) => (arg instanceof Error ? arg.message : arg)));
    log.debug({ client: 'rocketmq' }, text);
  };
  return { info: tell, warn: tell, error: tell };
}
