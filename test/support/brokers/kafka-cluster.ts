import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { classPath, KAFKA } from '../../../src/local/stack/components/java-components.js';
import { findPrograms } from '../../../src/local/stack/components/programs.js';
import { runTool } from '../../../src/local/stack/components/run-tool.js';
import { javaFlags } from '../../../src/local/stack/services/service.js';
import { freePorts } from '../network/free-port.js';

const FORMATION_PATIENCE_MS = 90_000;
/** Moves and kills make a cluster tell of errors that are none. */
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  '-Dorg.slf4j.simpleLogger.log.state.change.logger=off',
];

/** One of the brokers, broker and controller in one. */
export interface KafkaNode {
  readonly id: number;
  readonly address: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again after a kill, over the data that it had. Does nothing while it runs. */
  start(): void;
  signal(name: NodeJS.Signals): void;
}

export interface KafkaCluster {
  /** The addresses of all nodes. */
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  readonly kafka: Kafka;
  readonly admin: Admin;
  /** Has the leaders of a topic's partitions elected: the replicas that are named first, or whichever lives. */
  elect(how: 'preferred' | 'unclean', topic: string, partitions: number): Promise<void>;
  stop(): Promise<void>;
}

export interface KafkaClusterOptions {
  /** Further lines of `server.properties`, for a node: listeners that are secured, bounds, authorizers. */
  readonly properties?: (node: { readonly id: number; readonly folder: string }) => readonly string[];
}

/** Starts three real brokers on the loopback, in a folder of their own, with the local stack's jars. Takes some 20 s. */
export async function startKafkaCluster({ properties = () => [] }: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const { java, kafkaHome } = await findPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'handover-kafka-'));
  const ports = await freePorts(6);
  const ids = [1, 2, 3];
  const classes = [...LOGGING, '-cp', classPath(kafkaHome, KAFKA)];
  const run = (args: readonly string[]) =>
    runTool(java, [...javaFlags({ initialMb: 32, maximumMb: 128 }), ...classes, ...args]);
  const voters = ids.map((id) => `${id}@127.0.0.1:${ports[id + 2]}`).join(',');
  const clusterId = randomUUID();
  const nodes: (KafkaNode & { end(signal: NodeJS.Signals): Promise<void> })[] = [];
  const stopNodes = async () => {
    await Promise.all(nodes.map((node) => node.end('SIGKILL')));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const brokers = ids.map((id) => `127.0.0.1:${ports[id - 1]}`);
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 10 } });
  const admin = kafka.admin();
  try {
    for (const id of ids) {
      const home = join(folder, String(id));
      await mkdir(home);
      const file = join(home, 'server.properties');
      const lines = describeNode({ id, port: ports[id - 1] ?? 0, controller: ports[id + 2] ?? 0, voters, home });
      await writeFile(file, `${[...lines, ...properties({ id, folder: home })].join('\n')}\n`);
      await run(['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file]);
      const heap = javaFlags({ initialMb: 96, maximumMb: 320 });
      nodes.push(runNode(id, brokers[id - 1] ?? '', java, [...heap, ...classes, 'kafka.Kafka', file]));
    }
    await whenFormed(kafka, ids.length);
    await admin.connect();
  } catch (error) {
    await stopNodes();
    throw error;
  }
  return {
    brokers,
    nodes,
    kafka,
    admin,
    elect: (how, topic, partitions) => elect(ports[0] ?? 0, how, topic, partitions),
    async stop() {
      await admin.disconnect();
      await stopNodes();
    },
  };
}

function describeNode(node: {
  readonly id: number;
  readonly port: number;
  readonly controller: number;
  readonly voters: string;
  readonly home: string;
}): readonly string[] {
  const client = `PLAINTEXT://127.0.0.1:${node.port}`;
  return [
    'process.roles=broker,controller',
    `node.id=${node.id}`,
    `controller.quorum.voters=${node.voters}`,
    'controller.listener.names=CONTROLLER',
    `listeners=${client},CONTROLLER://127.0.0.1:${node.controller}`,
    `advertised.listeners=${client}`,
    `log.dirs=${join(node.home, 'log')}`,
    'auto.create.topics.enable=false',
    'auto.leader.rebalance.enable=false',
    'default.replication.factor=3',
    'offsets.topic.replication.factor=3',
    'offsets.topic.num.partitions=3',
    'transaction.state.log.replication.factor=3',
    'group.initial.rebalance.delay.ms=0',
    // A killed broker is missed soon; one that is slow on a busy machine is not.
    'broker.session.timeout.ms=6000',
    'broker.heartbeat.interval.ms=1000',
    'num.network.threads=2',
    'num.io.threads=2',
    'log.cleaner.enable=false',
    'metadata.max.idle.interval.ms=5000',
    // So that retention can be seen at work.
    'log.retention.check.interval.ms=1000',
    'log.segment.delete.delay.ms=1000',
  ];
}

function runNode(id: number, address: string, java: string, args: readonly string[]) {
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  const start = () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) return;
    // What it has against its properties is seen in the run itself.
    child = spawn(java, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    ended = once(child, 'exit');
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  };
  start();
  return {
    id,
    address,
    start,
    end,
    kill: () => end('SIGKILL'),
    signal: (name: NodeJS.Signals) => void child?.kill(name),
  };
}

const ELECT_LEADERS = 43;
const ELECTION_TIMEOUT_MS = 10_000;

/** Sends the one request by itself, as kafkajs does not know it, and waits until it is answered. */
async function elect(port: number, how: 'preferred' | 'unclean', topic: string, partitions: number): Promise<void> {
  const name = Buffer.from(topic);
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 1 + 4 + 2 + name.length + 4 + 4 * partitions + 4);
  let at = request.writeInt32BE(request.length - 4, 0);
  at = request.writeInt16BE(ELECT_LEADERS, at);
  // Version 1, correlation ID 1, no client ID, one topic.
  at = request.writeInt16BE(1, at);
  at = request.writeInt32BE(1, at);
  at = request.writeInt16BE(-1, at);
  at = request.writeInt8(how === 'preferred' ? 0 : 1, at);
  at = request.writeInt32BE(1, at);
  at = request.writeInt16BE(name.length, at);
  at += name.copy(request, at);
  at = request.writeInt32BE(partitions, at);
  for (let partition = 0; partition < partitions; partition += 1) at = request.writeInt32BE(partition, at);
  request.writeInt32BE(ELECTION_TIMEOUT_MS, at);
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write(request);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    // Behind the size, the correlation ID and the throttle time.
    const error = answer.readInt16BE(12);
    if (error !== 0) throw new Error(`no ${how} leaders of ${topic} were elected: error code ${error}`);
  } finally {
    socket.destroy();
  }
}

async function whenFormed(kafka: Kafka, nodes: number): Promise<void> {
  const patience = performance.now() + FORMATION_PATIENCE_MS;
  let found = 'none answers';
  while (performance.now() < patience) {
    const admin = kafka.admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
      const { brokers, controller } = await admin.describeCluster();
      if (brokers.length === nodes && controller !== null && controller >= 0) return;
      found = `${brokers.length} answer`;
    } catch (error) {
      found = String(error);
    } finally {
      await admin.disconnect();
    }
    await pause(200);
  }
  throw new Error(`the ${nodes} Kafka brokers did not form a cluster: ${found}`);
}
