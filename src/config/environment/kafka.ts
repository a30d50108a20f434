import type { KafkaConnection } from '../../brokers/connections.js';
import { isHostAndPort, listOf, type Variables } from './variables.js';

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

type Sasl = NonNullable<KafkaConnection['sasl']>;
type Ssl = NonNullable<KafkaConnection['ssl']>;

/** Reads `KAFKA_BROKERS`, `KAFKA_CLIENT_ID`, `KAFKA_SSL*` and `KAFKA_SASL_*`. Faults go to the variables' list. */
export function readKafka(variables: Variables): KafkaConnection {
  const brokers = listOf(variables.text('KAFKA_BROKERS') ?? '', /,/);
  if (brokers.length === 0 || !brokers.every(isHostAndPort)) {
    variables.fault('KAFKA_BROKERS', 'must be host:port, with commas between several');
  }
  const clientId = variables.text('KAFKA_CLIENT_ID');
  const ssl = readSsl(variables);
  const sasl = readSasl(variables);
  return {
    brokers,
    ...(clientId !== undefined && { clientId }),
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
  };
}

function readSsl(variables: Variables): Ssl | undefined {
  const wanted = variables.flag('KAFKA_SSL');
  const [ca, cert, key] = ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'].map((name) => variables.file(name));
  const named = ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'].filter((name) => variables.isSet(name));
  if (named.includes('KAFKA_SSL_CERT') !== named.includes('KAFKA_SSL_KEY')) {
    variables.fault('KAFKA_SSL_CERT', 'and KAFKA_SSL_KEY go together: set both, or neither');
  }
  if (wanted === false && named.length > 0) {
    variables.fault('KAFKA_SSL', `is false, but ${named.join(', ')} ask for TLS`);
  }
  if (named.length === 0) return wanted;
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}

function readSasl(variables: Variables): Sasl | undefined {
  const names = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'];
  const missing = names.filter((name) => !variables.isSet(name));
  if (missing.length === names.length) return undefined;
  for (const name of missing) variables.fault(name, 'is missing: mechanism, user name and password go together');
  const mechanism = MECHANISMS.find((known) => known === variables.text('KAFKA_SASL_MECHANISM')?.toLowerCase());
  if (mechanism === undefined && !missing.includes('KAFKA_SASL_MECHANISM')) {
    variables.fault('KAFKA_SASL_MECHANISM', `must be one of ${MECHANISMS.join(', ')}`);
  }
  const username = variables.textOrFile('KAFKA_SASL_USERNAME');
  const password = variables.secret('KAFKA_SASL_PASSWORD');
  if (mechanism === undefined || username === undefined || password === undefined) return undefined;
  return { mechanism, username, password };
}
