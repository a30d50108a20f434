/** Where one of the server's four services listens. */
interface ServicePorts {
  readonly grpc: number;
  readonly membership: number;
}

export type TemporalPorts = Readonly<Record<'frontend' | 'history' | 'matching' | 'worker', ServicePorts>>;

/** As `development-postgres12.yaml` of the server has it, all four services in one process, on loopback. */
export function describeServer(ports: TemporalPorts, postgresPort: number, dynamic: string): string {
  const store = (database: string, connections: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName: database,
      connectAddr: `127.0.0.1:${postgresPort}`,
      connectProtocol: 'tcp',
      user: 'bench',
      password: '',
      maxConns: connections,
      maxIdleConns: connections,
      maxConnLifetime: '1h',
    },
  });
  const services = Object.entries(ports).map(([name, { grpc, membership }]) => [
    name,
    { rpc: { grpcPort: grpc, membershipPort: membership, bindOnLocalHost: true } },
  ]);
  // JSON is YAML.
  return JSON.stringify(
    {
      log: { stdout: true, level: 'error' },
      persistence: {
        defaultStore: 'default',
        visibilityStore: 'visibility',
        numHistoryShards: 4,
        datastores: { default: store('temporal', 20), visibility: store('temporal_visibility', 10) },
      },
      global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
      services: Object.fromEntries(services),
      clusterMetadata: {
        enableGlobalNamespace: false,
        failoverVersionIncrement: 10,
        masterClusterName: 'active',
        currentClusterName: 'active',
        clusterInformation: {
          active: {
            enabled: true,
            initialFailoverVersion: 1,
            rpcName: 'frontend',
            rpcAddress: `127.0.0.1:${ports.frontend.grpc}`,
          },
        },
      },
      dcRedirectionPolicy: { policy: 'noop' },
      dynamicConfigClient: { filepath: dynamic, pollInterval: '60s' },
    },
    undefined,
    2,
  );
}

/** What the development server of the local stack is started with, too. */
export function dynamicConfig(): string {
  return ['system.enableEagerWorkflowStart', 'system.enableActivityEagerExecution']
    .map((name) => `${name}:\n  - value: true\n`)
    .join('');
}
