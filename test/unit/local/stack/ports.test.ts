import { describe, expect, it } from 'vitest';
import { HandoverError } from '../../../../src/domain/errors.js';
import {
  allPorts,
  BLOCKS,
  blockPorts,
  PORT_NAMES,
  readChosenPorts,
  usualPorts,
} from '../../../../src/local/stack/ports.js';

describe('ports of the default instance', () => {
  it("are the services' usual ones, with those that RocketMQ derives from the broker's", () => {
    const numbers = allPorts(usualPorts()).map(({ number }) => number);
    expect(numbers.sort((a, b) => a - b)).toEqual([
      6379, 7233, 8080, 8081, 8233, 9092, 9093, 9876, 10909, 10911, 10912,
    ]);
  });
});

describe('ports of another instance', () => {
  it('never clash, within a block or between blocks', () => {
    const numbers = Array.from({ length: BLOCKS }, (_, block) => allPorts(blockPorts(block))).flat();
    expect(new Set(numbers.map(({ number }) => number)).size).toBe(numbers.length);
  });

  it('stay below the ports that systems use for outgoing connections', () => {
    const highest = Math.max(...allPorts(blockPorts(BLOCKS - 1)).map(({ number }) => number));
    expect(highest).toBeLessThan(32_768);
  });
});

describe('ports that a person chooses', () => {
  it('come from flags and variables, and the flag wins', () => {
    const environment = { HANDOVER_REDIS_PORT: '6380', HANDOVER_KAFKA_PORT: '9192', HANDOVER_TEMPORAL_PORT: '' };
    expect(readChosenPorts({ redisPort: '6390', rocketmqNameServerPort: '9976' }, environment)).toEqual({
      redis: 6390,
      kafka: 9192,
      nameServer: 9976,
    });
  });

  it('can move every one of them', () => {
    const flags = PORT_NAMES.map((name, index) => [name, 3000 + index * 10]);
    const environment = Object.fromEntries(
      PORT_NAMES.map((name, index) => [`HANDOVER_${ENVIRONMENT_NAMES[name]}_PORT`, String(3000 + index * 10)]),
    );
    expect(readChosenPorts({}, environment)).toEqual(Object.fromEntries(flags));
  });

  it.each(['x', '0', '65536', '-1', '1.5', '99999'])('are refused when they are none: %s', (text) => {
    expect(() => readChosenPorts({ redisPort: text }, {})).toThrow(
      expect.objectContaining({ code: 'wrong-use', message: `--redis-port is not a port: '${text}'.` }),
    );
  });

  it("are refused when a port derived from them is none: the broker's minus 2, plus 1", () => {
    expect(() => readChosenPorts({ rocketmqBrokerPort: '2' }, {})).toThrow(HandoverError);
    expect(() => readChosenPorts({}, { HANDOVER_ROCKETMQ_BROKER_PORT: '65535' })).toThrow(HandoverError);
    expect(readChosenPorts({}, { HANDOVER_ROCKETMQ_BROKER_PORT: '65534' })).toEqual({ broker: 65_534 });
  });
});

const ENVIRONMENT_NAMES = {
  temporal: 'TEMPORAL',
  temporalUi: 'TEMPORAL_UI',
  kafka: 'KAFKA',
  kafkaController: 'KAFKA_CONTROLLER',
  nameServer: 'ROCKETMQ_NAME_SERVER',
  proxy: 'ROCKETMQ_PROXY',
  proxyRemoting: 'ROCKETMQ_REMOTING',
  broker: 'ROCKETMQ_BROKER',
  redis: 'REDIS',
} as const;
