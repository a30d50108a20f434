import { once } from 'node:events';
import { connect } from 'node:http2';
import { Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import type { StackPorts } from './ports.js';
import { listBrokers, topicIsRouted } from './provision/rocketmq-admin.js';
import type { LocalStack, ServiceName } from './state.js';

/** Asks a service itself whether it serves; throws what it met if it does not. */
export type ReadinessCheck = (stack: LocalStack, ports: StackPorts) => Promise<void>;

export const READINESS: Readonly<Record<ServiceName, ReadinessCheck>> = {
  temporal: async ({ temporal: { address, namespace, ui } }) => {
    const connection = await Connection.connect({ address, connectTimeout: ANSWER_MS });
    try {
      await connection.withDeadline(Date.now() + ANSWER_MS, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
    } finally {
      await connection.close();
    }
    const answer = await fetch(ui, { signal: AbortSignal.timeout(ANSWER_MS) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`Temporal Web UI answered ${answer.status}`);
  },

  kafka: async ({ kafka: { brokers } }) => {
    const admin = kafkaClient(brokers).admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
      const cluster = await admin.describeCluster();
      if (cluster.brokers.length === 0 || cluster.controller === null) throw new Error('Kafka has no broker yet');
    } finally {
      await admin.disconnect();
    }
  },

  'rocketmq-name-server': async ({ rocketmq: { nameServer } }) => {
    await listBrokers(nameServer);
  },

  rocketmq: async ({ rocketmq: { endpoints, nameServer } }, ports) => {
    const brokers = await listBrokers(nameServer);
    if (brokers.size === 0) throw new Error('no RocketMQ broker has registered with the name server yet');
    // The broker makes a topic of its cluster's name.
    if (!(await topicIsRouted(`127.0.0.1:${ports.proxyRemoting}`, 'DefaultCluster'))) {
      throw new Error("RocketMQ's proxy does not see its broker yet");
    }
    await callGrpc(endpoints, '/apache.rocketmq.v2.MessagingService/QueryRoute');
  },

  redis: async ({ redis: { url } }) => {
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, connectTimeout: ANSWER_MS });
    // Failures reach us through connect() and ping(); without a listener they would be printed too.
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      await redis.ping();
    } finally {
      redis.disconnect();
    }
  },
};

/** How long one question may take. */
const ANSWER_MS = 2000;

export function kafkaClient(brokers: readonly string[]): Kafka {
  return new Kafka({ clientId: 'handover-stack', brokers: [...brokers], logLevel: logLevel.NOTHING });
}

/** Calls a method with an empty message. Any gRPC status will do: it says that the server takes calls. */
async function callGrpc(address: string, path: string): Promise<void> {
  const session = connect(`http://${address}`);
  try {
    // Its failures reach us through the stream; without a listener they would end the process.
    session.on('error', () => undefined);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(headers);
    stream.setTimeout(ANSWER_MS, () => stream.destroy(new Error(`no answer from ${address}`)));
    stream.end(Buffer.alloc(5));
    stream.resume();
    const [answer] = await once(stream, 'response');
    if (answer['content-type'] !== 'application/grpc') throw new Error(`${address} does not speak gRPC`);
  } finally {
    session.destroy();
  }
}
