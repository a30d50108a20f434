import { describe, expect, it } from 'vitest';
import { checkKafkaConnection, checkRocketmqConnection, endpointAt } from '../../../src/brokers/connections.js';

const plain = { tls: false };

describe('RocketMQ endpoints', () => {
  it.each([
    ['127.0.0.1:8081', '127.0.0.1:8081'],
    ['proxy.example.com', 'proxy.example.com:8081'],
    ['http://proxy:9000/', 'proxy:9000'],
    ['https://proxy', 'proxy:8081'],
    [' a:1 ; b:2 ;', 'a:1;b:2'],
    ['a:1,b:2', 'a:1;b:2'],
  ])('%j is read as %j', (given, read) => {
    expect(checkRocketmqConnection({ ...plain, endpoints: given }).endpoints).toBe(read);
  });

  it.each([
    '',
    ' ; ',
    'proxy:',
    'proxy:0',
    'proxy:70000',
    'proxy:80:81',
    'tcp://proxy:1',
    'proxy/path:1',
    '::1',
    '[::1]:8081',
  ])('%j is refused', (endpoints) => {
    expect(() => checkRocketmqConnection({ ...plain, endpoints })).toThrow(
      expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining('ROCKETMQ_ENDPOINTS') }),
    );
  });

  it('are taken in turn', () => {
    const connection = checkRocketmqConnection({ ...plain, endpoints: 'a:1;b:2' });
    expect([0, 1, 2].map((attempt) => endpointAt(connection, attempt))).toEqual(['a:1', 'b:2', 'a:1']);
  });
});

describe('RocketMQ keys', () => {
  const keys = { accessKey: 'name', secretKey: 'planted-secret' };

  it.each([
    { tls: true, endpoints: 'proxy.example.com:8081' },
    { tls: false, endpoints: '127.0.0.1:8081;localhost:8082' },
  ])('are taken over TLS, and on this machine without ($endpoints)', (connection) => {
    expect(checkRocketmqConnection({ ...connection, ...keys })).toMatchObject(keys);
  });

  it('never cross a network in the clear, and are not told in the refusal', () => {
    const refused = () =>
      checkRocketmqConnection({ tls: false, endpoints: '127.0.0.1:1;proxy.example.com:8081', ...keys });
    expect(refused).toThrow('proxy.example.com:8081 without TLS');
    expect(refused).not.toThrow('planted-secret');
  });

  it('come in pairs', () => {
    const half = { tls: true, endpoints: 'a:1', secretKey: 'planted-secret' };
    expect(() => checkRocketmqConnection(half)).toThrow('but not both');
  });
});

describe('Kafka brokers', () => {
  it('are host:port', () => {
    const connection = { brokers: ['127.0.0.1:9092', 'broker-1.example.com:9093', '[::1]:9092'] };
    expect(checkKafkaConnection(connection)).toEqual(connection);
  });

  it.each([[[]], [['broker']], [['PLAINTEXT://broker:9092']], [['a:1', 'b']]])('%j are refused', (brokers) => {
    expect(() => checkKafkaConnection({ brokers })).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  });
});
