import { ChannelCredentials, type Metadata } from '@grpc/grpc-js';
import type { Endpoints } from 'rocketmq-client-nodejs';
import grpc from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_grpc_pb.js';
import type {
  ReceiveMessageRequest,
  ReceiveMessageResponse,
} from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';

type MessagingServiceClient = InstanceType<typeof grpc.MessagingServiceClient>;

/** gRPC takes 4 MiB by default, which is less than a message with a body of the 4 MiB that RocketMQ allows. */
const CHANNEL_OPTIONS = { 'grpc.max_receive_message_length': -1 };

/**
 * The connections that polls go over, one for each endpoint. The client's own take no message near the size limit: the
 * poll that pops one fails as a whole, and so does every later one that pops it again.
 */
export class PollChannels {
  readonly #tls: boolean;
  readonly #channels = new Map<string, MessagingServiceClient>();

  constructor(tls: boolean) {
    this.#tls = tls;
  }

  /** Resolves with all that the proxy answers until it ends the answer. Rejects after `ms`. */
  async receive(
    endpoints: Endpoints,
    request: ReceiveMessageRequest,
    metadata: Metadata,
    ms: number,
  ): Promise<ReceiveMessageResponse[]> {
    const answer = this.#to(endpoints).receiveMessage(request, metadata, { deadline: Date.now() + ms });
    const responses: ReceiveMessageResponse[] = [];
    for await (const response of answer) responses.push(response);
    return responses;
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #to(endpoints: Endpoints): MessagingServiceClient {
    const target = endpoints.getGrpcTarget();
    const known = this.#channels.get(target);
    if (known !== undefined) return known;
    const credentials = this.#tls ? ChannelCredentials.createSsl() : ChannelCredentials.createInsecure();
    const channel = new grpc.MessagingServiceClient(target, credentials, CHANNEL_OPTIONS);
    this.#channels.set(target, channel);
    return channel;
  }
}
