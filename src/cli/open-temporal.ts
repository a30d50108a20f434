import { Client, Connection, isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { TemporalConnection } from '../config/connections.js';
import { HandoverError, toError } from '../domain/errors.js';
import { grpcProxyHint, isLoopback } from '../domain/loopback.js';
import { OutOfTime } from '../operations/answer-within.js';

const HINT = 'Look whether it runs, and whether the address, namespace and credentials are right.';

/**
 * A client for a command, of a namespace that is there: Temporal tells of one that is not in the words with which it tells
 * of a workflow that is not, and a command would take that for the state of a message.
 * @throws HandoverError `temporal-unavailable`, `namespace-missing`
 */
export async function openTemporal(
  { connectionOptions, namespace }: TemporalConnection,
  closers: (() => Promise<void>)[],
): Promise<Client> {
  const address = connectionOptions.address ?? 'localhost:7233';
  try {
    const direct = isLoopback(address.replace(/:\d+$/, '')) && { channelArgs: { 'grpc.enable_http_proxy': 0 } };
    const connection = await Connection.connect({ ...connectionOptions, ...direct, connectTimeout: '5 s' });
    closers.push(() => connection.close());
    const client = new Client({ connection, namespace });
    const { requireNamespace } = await import('../workers/temporal/temporal-readiness.js');
    await requireNamespace({ client, namespace, address });
    return client;
  } catch (cause) {
    if (cause instanceof HandoverError) throw cause;
    const message = `Temporal does not answer at ${address}${grpcProxyHint(address, process.env)}.`;
    throw new HandoverError('temporal-unavailable', message, { cause, hint: HINT });
  }
}

/** A call that Temporal refused or did not answer, of which the command itself has nothing better to say; others as they are. */
export function explainTemporal(error: unknown): unknown {
  if (!(error instanceof ServiceError || error instanceof OutOfTime || isGrpcServiceError(error))) return error;
  const reason = toError(error.cause ?? error).message;
  return new HandoverError('temporal-unavailable', `Temporal did not do it: ${reason}`, { cause: error, hint: HINT });
}
