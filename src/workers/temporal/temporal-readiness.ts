import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { HandoverError, toError } from '../../domain/errors.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/names.js';

export interface TemporalReadinessOptions {
  readonly client: Client;
  readonly namespace: string;
  /** `host:port`, for people. */
  readonly address: string;
  /** Told what is waited for, as often as it is looked at. */
  readonly onWait: (why: string) => void;
  readonly signal: AbortSignal;
  /** Pause between two looks, in ms. Default 2000. */
  readonly everyMs?: number;
}

/** How long Temporal may take to answer one question, in ms. */
const PATIENCE_MS = 5_000;

/** gRPC's own numbers; the package that names them is not one that this folder may load for three numbers. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

/**
 * Resolves once the namespace is there and knows handover's search attributes. Without the namespace nothing can be done;
 * without the attributes every start of a workflow and every recovery of the ledger is refused, again and again, so what
 * makes them is said, and they are waited for. A look that Temporal forbids decides nothing.
 * @throws HandoverError `namespace-missing`; the signal's reason
 */
export async function untilTemporalServes(options: TemporalReadinessOptions): Promise<void> {
  const { onWait, signal, everyMs = 2_000 } = options;
  for (;;) {
    signal.throwIfAborted();
    const why = await whyNotYet(options);
    if (why === undefined) return;
    onWait(why);
    await sleep(everyMs, undefined, { signal });
  }
}

interface Missing {
  readonly name: string;
  /** What Temporal said. */
  readonly words: string;
}

async function whyNotYet(options: TemporalReadinessOptions): Promise<string | undefined> {
  try {
    await requireNamespace(options);
    return describeMissing(options.namespace, await findMissingAttributes(options));
  } catch (error) {
    if (error instanceof HandoverError || options.signal.aborted) throw error;
    return `${options.address} does not answer as it should: ${toError(error).message}`;
  }
}

/**
 * Resolves if the namespace is there, or if Temporal forbids to ask.
 * @throws HandoverError `namespace-missing`; what the client throws
 */
export async function requireNamespace({
  client,
  namespace,
  address,
}: Pick<TemporalReadinessOptions, 'client' | 'namespace' | 'address'>): Promise<void> {
  try {
    await client.withDeadline(Date.now() + PATIENCE_MS, () => client.workflowService.describeNamespace({ namespace }));
  } catch (error) {
    if (isForbidden(error)) return;
    if (codeOf(error) !== NOT_FOUND) throw error;
    throw new HandoverError('namespace-missing', `Temporal at ${address} has no namespace '${namespace}'.`, {
      cause: error,
      hint: `Mend TEMPORAL_NAMESPACE, or make it: temporal operator namespace create --namespace ${namespace} --retention 7d`,
    });
  }
}

/** Asked as a search, which every reader may make: the list of attributes is for operators, and not to be had everywhere. */
async function findMissingAttributes({ client, namespace }: TemporalReadinessOptions): Promise<readonly Missing[]> {
  const missing: Missing[] = [];
  for (const { name } of Object.values(SEARCH_ATTRIBUTES)) {
    try {
      await client.withDeadline(Date.now() + PATIENCE_MS, () =>
        client.workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query: `${name} = "none"` }),
      );
    } catch (error) {
      if (isForbidden(error)) continue;
      if (codeOf(error) !== INVALID_ARGUMENT) throw error;
      missing.push({ name, words: toError(error).message });
    }
  }
  return missing;
}

function describeMissing(namespace: string, missing: readonly Missing[]): string | undefined {
  const [first] = missing;
  if (first === undefined) return undefined;
  const names = missing.map(({ name }) => name);
  const command = `temporal operator search-attribute create --namespace ${namespace} --type Keyword ${names.map((name) => `--name ${name}`).join(' ')}`;
  return `namespace '${namespace}' has no search attribute ${names.join(', ')} (Temporal: ${first.words}); make it with: ${command}`;
}

function isForbidden(error: unknown): boolean {
  const code = codeOf(error);
  return code === PERMISSION_DENIED || code === UNIMPLEMENTED;
}

function codeOf(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}
