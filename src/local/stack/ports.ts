import { HandoverError } from '../../domain/errors.js';

/** One port that can be moved: its usual number, the variable and flag that move it, and what listens there. */
interface Port {
  readonly usual: number;
  readonly title: string;
  readonly flag: string;
  readonly variable: string;
  /** Ports that come with it, as distances from it. */
  readonly derived?: readonly number[];
}

function port(title: string, usual: number, name: string, derived?: readonly number[]): Port {
  const variable = `HANDOVER_${name.toUpperCase().replaceAll('-', '_')}_PORT`;
  return { usual, title, flag: `${name}-port`, variable, ...(derived === undefined ? {} : { derived }) };
}

/** RocketMQ fixes its two other listeners to the broker's port: minus 2 serves urgent requests, plus 1 its replicas. */
const BROKER_DERIVED = [-2, 1];

export const PORTS = {
  temporal: port('Temporal', 7233, 'temporal'),
  temporalUi: port('Temporal Web UI', 8233, 'temporal-ui'),
  kafka: port('Kafka', 9092, 'kafka'),
  kafkaController: port("Kafka's controller", 9093, 'kafka-controller'),
  nameServer: port("RocketMQ's name server", 9876, 'rocketmq-name-server'),
  proxy: port("RocketMQ's proxy (gRPC)", 8081, 'rocketmq-proxy'),
  proxyRemoting: port("RocketMQ's proxy (remoting)", 8080, 'rocketmq-remoting'),
  broker: port("RocketMQ's broker", 10911, 'rocketmq-broker', BROKER_DERIVED),
  redis: port('Redis', 6379, 'redis'),
} as const satisfies Record<string, Port>;

export type PortName = keyof typeof PORTS;
export type StackPorts = Readonly<Record<PortName, number>>;
export type ChosenPorts = Readonly<Partial<Record<PortName, number>>>;

export const PORT_NAMES = Object.keys(PORTS) as readonly PortName[];

/**
 * The ports that a person has chosen, by flag (`--redis-port`, keyed as commander does: `redisPort`) or by variable
 * (`HANDOVER_REDIS_PORT`); the flag wins.
 * @throws HandoverError `wrong-use` for anything but a port number.
 */
export function readChosenPorts(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): ChosenPorts {
  const chosen: Partial<Record<PortName, number>> = {};
  for (const name of PORT_NAMES) {
    const { flag, variable, derived = [] } = PORTS[name];
    const fromFlag = flags[camelCase(flag)];
    const text = fromFlag ?? environment[variable];
    if (text === undefined || text === '') continue;
    const number = /^\d{1,5}$/.test(String(text)) ? Number(text) : Number.NaN;
    if (![0, ...derived].every((distance) => number + distance > 0 && number + distance < 65_536)) {
      throw new HandoverError(
        'wrong-use',
        `${fromFlag === undefined ? variable : `--${flag}`} is not a port: '${text}'.`,
      );
    }
    chosen[name] = number;
  }
  return chosen;
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Every port that is listened on, derived ones included, with what listens there. */
export function allPorts(ports: StackPorts): readonly { readonly name: PortName; readonly number: number }[] {
  return PORT_NAMES.flatMap((name) => {
    const derived: readonly number[] = 'derived' in PORTS[name] ? BROKER_DERIVED : [];
    return [0, ...derived].map((distance) => ({ name, number: ports[name] + distance }));
  });
}

/** The services' usual ports, for the instance `default`. */
export function usualPorts(): StackPorts {
  return mapPorts((name) => PORTS[name].usual);
}

/** Below the ports that systems hand out to outgoing connections, which could otherwise sit on one of ours. */
export const FIRST_BLOCK = 20_000;
export const BLOCKS = 500;
export const BLOCK_SIZE = 20;

/** Where each port lies in an instance's block; the broker's derived ports need the gaps around it. */
const PLACES: StackPorts = {
  temporal: 0,
  temporalUi: 1,
  kafka: 2,
  kafkaController: 3,
  nameServer: 4,
  proxy: 5,
  proxyRemoting: 6,
  redis: 7,
  broker: 10,
};

export function blockPorts(block: number): StackPorts {
  return mapPorts((name) => FIRST_BLOCK + block * BLOCK_SIZE + PLACES[name]);
}

function mapPorts(number: (name: PortName) => number): StackPorts {
  return Object.fromEntries(PORT_NAMES.map((name) => [name, number(name)])) as Record<PortName, number>;
}
