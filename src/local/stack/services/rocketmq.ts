import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HandoverError } from '../../../domain/errors.js';
import { BYTEMAN, classPath, ROCKETMQ } from '../components/java-components.js';
import type { StackPorts } from '../ports.js';
import type { CommandLine, Service, ServiceSetting } from './service.js';
import { javaFlags } from './service.js';

export const rocketmqNameServer: Service = {
  name: 'rocketmq-name-server',
  title: 'RocketMQ name server',
  async prepare(setting) {
    const settings = join(setting.folder, 'name-server.properties');
    await writeFile(settings, `listenPort=${setting.ports.nameServer}\nbindAddress=127.0.0.1\n`);
    const main = ['org.apache.rocketmq.namesrv.NamesrvStartup', '-c', settings];
    return commandLine(setting, [...javaFlags({ initialMb: 32, maximumMb: 128 })], main);
  },
};

/** The broker and the gRPC proxy that clients speak to, in one program. */
export const rocketmq: Service = {
  name: 'rocketmq',
  title: 'RocketMQ',
  // A broker that finds no name server tries again only half a minute later.
  after: 'rocketmq-name-server',
  async prepare(setting) {
    const { folder, ports, programs } = setting;
    await checkDisk(folder);
    const [broker, proxy, rules] = [
      join(folder, 'broker.conf'),
      join(folder, 'proxy.json'),
      join(folder, 'loopback.btm'),
    ];
    await writeFile(broker, describeBroker(ports, folder));
    await writeFile(proxy, JSON.stringify(describeProxy(ports), undefined, 2));
    await writeFile(rules, BIND_TO_LOOPBACK);
    const agent = join(dirname(classPath(programs.bytemanHome, BYTEMAN)), `byteman-${BYTEMAN.version}.jar`);
    const flags = [
      ...javaFlags({ initialMb: 256, maximumMb: 512 }),
      `-javaagent:${agent}=script:${rules},boot:${agent}`,
    ];
    const modes = ['-pm', 'local', '-n', `127.0.0.1:${ports.nameServer}`, '-bc', broker, '-pc', proxy];
    return commandLine(setting, flags, ['org.apache.rocketmq.proxy.ProxyStartup', ...modes]);
  },
};

/** From 90 % on the broker refuses every message, and its setting for that cannot be raised. */
const DISK_FULL_PERCENT = 90;

async function checkDisk(folder: string): Promise<void> {
  const { blocks, bfree, bavail } = await statfs(folder);
  const used = blocks - bfree;
  const percent = Math.ceil((used * 100) / (used + bavail));
  if (percent <= DISK_FULL_PERCENT) return;
  throw new HandoverError('stack-failed', `The disk is ${percent} % full, and RocketMQ takes no message above 90 %.`, {
    hint: `Make room on the disk that holds ${folder}, or let XDG_STATE_HOME name a folder on another one.`,
  });
}

async function commandLine(
  { programs, folder, logs }: ServiceSetting,
  flags: readonly string[],
  main: readonly string[],
): Promise<CommandLine> {
  // RocketMQ writes its logs below the home folder, whatever else it is told.
  const home = join(logs, 'rocketmq');
  await mkdir(home, { recursive: true });
  const properties = [
    `-Duser.home=${home}`,
    // Each listener would make itself a certificate when it starts, which takes half of the whole start.
    '-Dtls.server.mode=disabled',
  ];
  return {
    command: programs.java,
    args: [...flags, ...properties, '-cp', classPath(programs.rocketmqHome, ROCKETMQ), ...main],
    environment: { ROCKETMQ_HOME: folder },
  };
}

/** The proxy and the broker's replication have no setting for the address that they listen on, and take all of them. */
const BIND_TO_LOOPBACK = `RULE listen on the loopback address only
CLASS sun.nio.ch.ServerSocketChannelImpl
METHOD bind(java.net.SocketAddress, int)
AT ENTRY
BIND address : java.net.InetSocketAddress = $1
IF address.getAddress().isAnyLocalAddress()
DO $1 = new java.net.InetSocketAddress("127.0.0.1", address.getPort())
ENDRULE
`;

function describeProxy(ports: StackPorts): Readonly<Record<string, string | number | boolean>> {
  return {
    rocketMQClusterName: 'DefaultCluster',
    grpcServerPort: ports.proxy,
    remotingListenPort: ports.proxyRemoting,
    localServeAddr: '127.0.0.1',
    // It would only wrap gRPC into the remoting port, at the price of another certificate.
    enableRemotingLocalProxyGrpc: false,
  };
}

function describeBroker(ports: StackPorts, folder: string): string {
  const store = join(folder, 'store');
  return `brokerClusterName=DefaultCluster
brokerName=broker-a
brokerId=0
brokerIP1=127.0.0.1
brokerIP2=127.0.0.1
bindAddress=127.0.0.1
listenPort=${ports.broker}
haListenPort=${ports.broker + 1}
storePathRootDir=${store}
storePathCommitLog=${join(store, 'commitlog')}
autoCreateTopicEnable=false
# Small files: they are mapped whole.
mappedFileSizeCommitLog=134217728
maxHashSlotNum=500000
maxIndexNum=2000000
# Idle, the broker took a sixth of a core: each second it compared its timer wheel of 37 MiB byte by byte, and until the
# first interval had passed it waited for it in a busy loop.
timerFlushIntervalMs=60000
transactionMetricFlushInterval=500
timerGetMessageThreadNum=1
timerPutMessageThreadNum=1
enableCompaction=false
# Guards for a loaded production broker: on a small busy machine they refuse messages that only have to wait.
brokerFastFailureEnable=false
osPageCacheBusyTimeOutMills=10000
`;
}
