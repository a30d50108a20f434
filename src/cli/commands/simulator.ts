import { Command, InvalidArgumentError } from 'commander';
import { HandoverError } from '../../domain/errors.js';
import { FAULTS, type FaultRates, readFaultRates } from '../../local/simulator/faults.js';
import { createOutput } from '../output.js';

const EXAMPLES = `
Examples:
  $ handover simulator --ledger rewards.jsonl --port 8090
  $ handover simulator --ledger rewards.jsonl --fault 429=0.05 --fault grant-then-hang=0.005
  $ curl -X PUT localhost:8090/faults -d '{"503": 0.2}'      other faults from now on
  $ curl localhost:8090/ledger                               what was granted, and how often

Faults: ${FAULTS.join(', ')}.
Its lookup, for a config: lookup: { url: 'http://localhost:8090/lookup/{messageId}',
  grantedWhen: { status: 200, json: { '/state': 'granted', '/messageId': '{messageId}' } },
  absentWhen: { status: 404, json: { '/state': 'absent', '/messageId': '{messageId}' } } }
A message goes by the field "messageId" of its JSON body (--id-field), else by the hash of its body.`;

interface SimulatorFlags {
  readonly host: string;
  readonly port: number;
  readonly ledger: string;
  readonly seed: string;
  readonly idField: string;
  readonly fault: FaultRates;
  readonly settlesWithin: number;
  readonly slow: number;
  readonly json?: boolean;
}

export function simulatorCommand(): Command {
  return new Command('simulator')
    .description('Run a reward provider without idempotency, with faults to order and a ledger of what it granted.')
    .requiredOption('--ledger <file>', 'file of JSON lines that every call is appended to')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes a free one', wholeNumber, 0)
    .option('--seed <text>', 'the same seed hits the same attempts at the same messages', '1')
    .option('--id-field <name>', "field of the body that holds the message's ID", 'messageId')
    .option('--fault <name=rate>', 'how often a fault happens, 0 to 1; may be repeated', addFault, {})
    .option('--settles-within <ms>', 'latest effect after the caller has gone (hang-then-grant)', wholeNumber, 5_000)
    .option('--slow <ms>', 'how long a slow answer takes', wholeNumber, 2_000)
    .option('--json', 'print the address as JSON')
    .addHelpText('after', EXAMPLES)
    .action(simulate);
}

async function simulate(flags: SimulatorFlags): Promise<void> {
  const { host, port, ledger, seed, idField, fault, settlesWithin, slow } = flags;
  const { startSimulator } = await import('../../local/simulator/server.js');
  const simulator = await startSimulator({
    host,
    port,
    ledgerFile: ledger,
    seed,
    idField,
    faults: fault,
    settlesWithinMs: settlesWithin,
    slowMs: slow,
  }).catch((error: NodeJS.ErrnoException) => {
    throw new HandoverError(
      error.code === 'EADDRINUSE' ? 'port-taken' : 'wrong-use',
      `The simulator cannot start on ${host}:${port} with the ledger ${ledger} (${error.code ?? error.name})`,
      { cause: error, hint: 'Choose another --port, or a --ledger that can be written.' },
    );
  });
  // Before anyone is told that it is ready, as who is told may stop it at once.
  const stopped = untilStopped();
  const output = createOutput(flags);
  output.result({ ready: true, url: simulator.url }, ({ url }) => [
    `The simulator rewards at ${url}. Ctrl-C stops it.`,
  ]);
  await stopped;
  await simulator.close();
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function addFault(text: string, rates: FaultRates): FaultRates {
  const [name = '', rate = ''] = text.split('=');
  const merged = readFaultRates({ ...rates, [name]: rate === '' ? Number.NaN : Number(rate) });
  if (typeof merged === 'string') throw new InvalidArgumentError(merged);
  return merged;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
