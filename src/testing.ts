/**
 * `handover/testing`: what the tests of a service need that is rewarded through handover. A provider without idempotency
 * that fails as providers do, as a real HTTP server, and the file in which it writes down what it has granted.
 */
export type { Fault, FaultRates } from './local/simulator/faults.js';
export {
  readSimulatorLedger,
  type SimulatorEntry,
  type SimulatorSummary,
  summarize,
} from './local/simulator/ledger.js';
export { SIMULATOR_LOOKUP, type Simulator, type SimulatorOptions, startSimulator } from './local/simulator/server.js';
