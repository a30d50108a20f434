import { Producer, type ProducerOptions } from 'rocketmq-client-nodejs';
import definitions from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';

/** The official producer, which marks each body as compressed, as remoting producers do. */
export class CompressingProducer extends Producer {
  constructor(options: ProducerOptions) {
    super(options);
    const manager = this.rpcClientManager;
    const send = manager.sendMessage.bind(manager);
    manager.sendMessage = (endpoints, request, duration) => {
      for (const message of request.getMessagesList()) {
        message.getSystemProperties()?.setBodyEncoding(definitions.Encoding.GZIP);
      }
      return send(endpoints, request, duration);
    };
  }
}
