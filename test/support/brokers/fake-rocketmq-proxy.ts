import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import type { Message } from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import definitions from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import grpc from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_grpc_pb.js';
import type {
  AckMessageRequest,
  ReceiveMessageRequest,
  ReceiveMessageResponse,
  TelemetryCommand,
} from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import service from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';

const { Code, Permission, AddressScheme, Encoding } = definitions;

/** A RocketMQ proxy with one queue that does what no real one does on demand: it is silent, breaks off, or sends damage. */
export class FakeRocketmqProxy {
  /** What the next polls hand out, one entry each. An empty list: no message, at once. `undefined`: not even a status. */
  readonly polls: (readonly Message[] | undefined)[] = [];
  readonly acknowledged: string[] = [];
  /** Status codes of the entries of the next acknowledgements; then OK. */
  readonly ackCodes: number[] = [];
  /** Whether clients are told their settings, for which they wait when they start. */
  answersTelemetry = true;
  /** Answers every poll for which nothing is left to hand out with "no new message", at once. */
  hasty = false;
  /** Polls that it was asked for so far. */
  asked = 0;
  /** Whether it ends its half of a telemetry stream when a client has ended the other. */
  endsTelemetry = true;
  #server: Server | undefined;
  #port = 0;

  get endpoints(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** On the same port each time, as a proxy that is restarted. */
  async start(): Promise<void> {
    const server = new Server();
    server.addService(grpc.MessagingServiceService, {
      queryRoute: (_call: unknown, answer: (error: null, response: unknown) => void) => answer(null, this.#route()),
      heartbeat: (_call: unknown, answer: (error: null, response: unknown) => void) =>
        answer(null, new service.HeartbeatResponse().setStatus(status(Code.OK))),
      notifyClientTermination: (_call: unknown, answer: (error: null, response: unknown) => void) =>
        answer(null, new service.NotifyClientTerminationResponse().setStatus(status(Code.OK))),
      telemetry: (call: ServerDuplexStream<TelemetryCommand, TelemetryCommand>) => this.#telemetry(call),
      receiveMessage: (call: ServerWritableStream<ReceiveMessageRequest, ReceiveMessageResponse>) =>
        this.#receive(call),
      ackMessage: (call: { request: AckMessageRequest }, answer: (error: null, response: unknown) => void) =>
        answer(null, this.#acknowledge(call.request)),
    });
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.#port}`, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
    this.#server = server;
  }

  /** Cuts all connections. */
  die(): void {
    this.#server?.forceShutdown();
  }

  #route(): unknown {
    const endpoints = new definitions.Endpoints().setScheme(AddressScheme.IPV4);
    endpoints.addAddresses(new definitions.Address().setHost('127.0.0.1').setPort(this.#port));
    const queue = new definitions.MessageQueue()
      .setTopic(new definitions.Resource().setName('rewards'))
      .setId(0)
      .setPermission(Permission.READ_WRITE)
      .setBroker(new definitions.Broker().setName('broker-a').setId(0).setEndpoints(endpoints));
    return new service.QueryRouteResponse().setStatus(status(Code.OK)).setMessageQueuesList([queue]);
  }

  #telemetry(call: ServerDuplexStream<TelemetryCommand, TelemetryCommand>): void {
    call.on('data', (command: TelemetryCommand) => {
      if (this.answersTelemetry) call.write(command);
    });
    call.on('end', () => {
      if (this.endsTelemetry) call.end();
    });
  }

  #receive(call: ServerWritableStream<ReceiveMessageRequest, ReceiveMessageResponse>): void {
    this.asked += 1;
    const scripted = this.polls.length > 0 || this.hasty;
    const messages = this.polls.length > 0 ? this.polls.shift() : [];
    // With nothing to hand out it waits as a long poll does; the test is over before that is.
    if (!scripted) return;
    if (messages !== undefined) {
      const code = messages.length > 0 ? Code.OK : Code.MESSAGE_NOT_FOUND;
      call.write(new service.ReceiveMessageResponse().setStatus(status(code)));
      for (const message of messages) call.write(new service.ReceiveMessageResponse().setMessage(message));
    }
    call.end();
  }

  #acknowledge(request: AckMessageRequest): unknown {
    const entries = request.getEntriesList().map((entry) => {
      const code = this.ackCodes.shift() ?? Code.OK;
      if (code === Code.OK) this.acknowledged.push(entry.getMessageId());
      return new service.AckMessageResultEntry().setMessageId(entry.getMessageId()).setStatus(status(code));
    });
    return new service.AckMessageResponse().setStatus(status(Code.OK)).setEntriesList(entries);
  }
}

/** A message as a proxy hands it out; `compressed` marks the body as such, whatever it is. */
export function proxyMessage(id: string, body: string, compressed = false): Message {
  const system = new definitions.SystemProperties()
    .setMessageId(id)
    .setReceiptHandle(`handle-${id}`)
    .setDeliveryAttempt(1)
    .setBodyEncoding(compressed ? Encoding.GZIP : Encoding.IDENTITY);
  const message = new definitions.Message()
    .setTopic(new definitions.Resource().setName('rewards'))
    .setBody(Buffer.from(body, 'latin1'))
    .setSystemProperties(system);
  message.getUserPropertiesMap().set('message-id', id);
  return message;
}

function status(code: number): InstanceType<typeof definitions.Status> {
  return new definitions.Status().setCode(code).setMessage('');
}
