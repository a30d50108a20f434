/** What a person does next about a reason, by its subject. What is not here says so itself, or is told by the log alone. */
const ADVICE: Readonly<Record<string, string>> = {
  temporal: 'look whether Temporal is up, and do what the reason says; it goes on by itself once it answers',
  policy: "'handover policy show' shows what Redis holds; a worker puts it right by itself once Temporal answers",
  retention: 'set settledLifetime above the retention that is named, or shorten that, then restart the workers',
  kafka: 'look whether the brokers, the topic and the rights of this group are there; it connects again by itself',
  rocketmq: 'look whether the proxy, the topic and the rights of this group are there; it connects again by itself',
  provider:
    "look at the provider, and at the worker's provider.url and its credentials; 'handover parked' has what is unknown",
  'dead letters': 'look at the dead-letter topic and its broker; the delivery is kept until it is taken',
  throttle: "start the other side's workers, or let this side adopt: handover policy failover",
  process: 'nothing: it is being stopped; start another one if that was not meant',
};

const LEDGER =
  'look at the line `ledger` above; what is being rebuilt goes on by itself, and if Redis does not answer, look at Redis';
const STALL = 'keep its log, then restart that worker: what it has in hand is delivered again, and rewarded once';
const OTHERWISE = 'see its log';

/** What to do about a reason for which a process is not ready, or holds. */
export function adviceOn(reason: string): string {
  const subject = reason.split(':', 1)[0] ?? '';
  if (subject === 'ledger') return LEDGER;
  if (subject === 'intake stands still') return STALL;
  return ADVICE[subject] ?? OTHERWISE;
}
