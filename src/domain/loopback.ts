/** Whether a host's name or address means this machine itself. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** In the order in which gRPC for Node takes the first that is set. It reads them in lower case only. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy'] as const;

/** In the notation of gRPC: the ends of names, addresses and ranges. */
const LOOPBACK = ['localhost', '127.0.0.0/8'];

/**
 * The variable whose HTTP proxy gRPC for Node puts between this process and `host`, by gRPC's own rules; undefined: none.
 * Such a proxy is often set for something else, and what it does not let through looks like a service that is away.
 */
export function grpcProxyVariable(host: string, env: Environment): string | undefined {
  const variable = PROXY_VARIABLES.find((name) => isSet(env[name]));
  return variable === undefined || isLoopback(host) || exceptions(env).some((entry) => matches(host, entry))
    ? undefined
    : variable;
}

/** What a person is told of it behind an error; empty where there is no proxy. `host` may have a port behind it. */
export function grpcProxyHint(host: string, env: Environment): string {
  const name = host.replace(/:\d+$/, '');
  const variable = grpcProxyVariable(name, env);
  return variable === undefined
    ? ''
    : ` (by way of the proxy that ${variable} names; name ${name} in no_proxy to leave it out)`;
}

/**
 * Sets `no_grpc_proxy`, which goes before `no_proxy`, so that gRPC sends nothing for this machine itself through a proxy:
 * there it would look as if the service were away. Changes nothing where no proxy is named.
 */
export function keepLoopbackDirect(env: Record<string, string | undefined>): void {
  if (!PROXY_VARIABLES.some((name) => isSet(env[name]))) return;
  env['no_grpc_proxy'] = [...new Set([...exceptions(env), ...LOOPBACK])].join(',');
}

function exceptions(env: Environment): readonly string[] {
  const list = isSet(env['no_grpc_proxy']) ? env['no_grpc_proxy'] : env['no_proxy'];
  return (list ?? '').split(',').filter((entry) => entry !== '');
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function matches(host: string, entry: string): boolean {
  return host.endsWith(entry) || isInRange(host, entry);
}

function isInRange(host: string, entry: string): boolean {
  const [range = '', length = '', ...rest] = entry.split('/');
  const bits = Number.parseInt(length, 10);
  const [address, base] = [toNumber(host), toNumber(range)];
  if (rest.length > 0 || address === undefined || base === undefined || !(bits >= 0 && bits <= 32)) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(address / size) === Math.floor(base / size);
}

/** An IPv4 address as a number. */
function toNumber(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
