import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../components/component-cache.js';
import { classPath, KAFKA } from '../components/java-components.js';
import { runTool } from '../components/run-tool.js';
import type { StackPorts } from '../ports.js';
import { javaFlags, type Service } from './service.js';

/** One Kafka node, broker and controller in one. */
export const kafka: Service = {
  name: 'kafka',
  title: 'Kafka',
  async prepare({ ports, programs, folder, signal }) {
    const properties = join(folder, 'kafka.properties');
    const log = join(folder, 'log');
    await writeFile(properties, describeNode(ports, log));
    const classes = ['-cp', classPath(programs.kafkaHome, KAFKA)];
    const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
    if (!(await exists(join(log, 'meta.properties')))) {
      // What a format that was cut off has left would be refused.
      await rm(log, { recursive: true, force: true });
      const clusterId = randomUUID();
      const flags = javaFlags({ initialMb: 32, maximumMb: 128 });
      const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
      await runTool(programs.java, [...flags, ...logging, ...classes, ...format], { signal });
    }
    const flags = javaFlags({ initialMb: 128, maximumMb: 512 });
    return { command: programs.java, args: [...flags, ...logging, ...classes, 'kafka.Kafka', properties] };
  },
};

function describeNode(ports: StackPorts, log: string): string {
  const client = `PLAINTEXT://127.0.0.1:${ports.kafka}`;
  const controller = `127.0.0.1:${ports.kafkaController}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${controller}
controller.listener.names=CONTROLLER
listeners=${client},CONTROLLER://${controller}
advertised.listeners=${client}
log.dirs=${log}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
# Fewer threads: one machine, a handful of clients.
num.network.threads=2
num.io.threads=4
# An idle controller otherwise writes to its log twice a second.
metadata.max.idle.interval.ms=5000
`;
}
