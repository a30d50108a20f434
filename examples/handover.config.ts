// A migration with everything said that a payments team would say. Copy it to handover.config.ts and keep what differs
// from the defaults, which are named beside each setting. Where the services are is told by the environment, not here.
import { defineMigration, type GrantResult, type RewardMessage, type RewardProvider } from 'handover';

export default defineMigration({
  // Part of every bucket, key and group: never change it while messages are under way. Default: 'rewards'.
  migration: 'rewards',

  // One name for both brokers, or one each; dead letters go to `<topic>-dead-letter`. Default: 'rewards'.
  topics: { kafka: 'payments.rewards', rocketmq: 'payments-rewards' },

  // 'businessId' keeps all messages of one user on one side. Default: 'messageId'.
  cutoverKey: 'businessId',

  // The `message-id`, `business-id` and `traceparent` stamps are read by default. Producers that stamp otherwise:
  extract: ({ properties, key }) => ({
    messageId: properties.get('x-event-id') ?? properties.get('message-id'),
    businessId: key,
    traceparent: properties.get('traceparent'),
  }),

  provider: {
    // REWARD_URL goes before it, so that one file serves every environment.
    url: 'https://rewards.example/v1/grants',
    headers: { authorization: `Bearer ${process.env['REWARD_TOKEN'] ?? ''}` },

    // From the first byte written to the last byte read; both together must stay below attemptTimeout.
    connectTimeout: '2s', // default 3 s
    timeout: '8s', // default 10 s

    // This provider says 409 of a message that it has rewarded before. By default a 409 leaves the outcome unknown.
    statusClasses: { 409: 'granted' },

    // Resolves unknown outcomes without a person, by what only this provider answers: a gateway answers 200 and 404 too.
    lookup: {
      url: 'https://rewards.example/v1/grants/{messageId}',
      grantedWhen: { status: 200, json: { '/state': 'DONE', '/id': '{messageId}' } },
      absentWhen: { status: 404, json: { '/error/code': 'GRANT_NOT_FOUND' } },
    },
  },

  // How long this provider may go on with a request that we have given up on. Before that, its 'absent' proves nothing:
  // whoever believes it pays twice. Two that count, as far apart again, have a message sent once more. Required with a
  // lookup; default 10 minutes.
  settlesWithin: '2 minutes',

  // An attempt that was surely not executed (429, connection refused, ...) is repeated; then the message is parked.
  retry: { initialInterval: '1s', maximumInterval: '1 minute', maximumAttempts: 60 },

  // 'inline-first' makes the first attempt within the workflow's first task, and only its retries as activities. It costs
  // Temporal less, and a restart of Redis parks more. Not with a Redis Cluster. Default: 'activity'.
  dispatch: 'activity',

  // More in flight costs more than it brings: beyond 32, Temporal starts fewer workflows eagerly.
  limits: { inFlight: 32, bodyBytes: 262_144 },

  // Above both brokers' retention and Temporal's. Default 15 days.
  settledLifetime: '15d',
});

/**
 * A provider that HTTP settings cannot describe: give it as `provider: new QueueingProvider(...)` instead. The two rules
 * that keep a reward from being given twice: answer `not-executed` only where the request cannot have been read, and ask
 * `maySend()` in the same turn in which it is written, as this worker may have been paused past its deadline.
 */
export class QueueingProvider implements RewardProvider {
  readonly #send: (body: Uint8Array) => Promise<'taken' | 'rejected' | 'no answer'>;

  constructor(send: (body: Uint8Array) => Promise<'taken' | 'rejected' | 'no answer'>) {
    this.#send = send;
  }

  async grant(message: RewardMessage, { maySend }: { maySend(): boolean }): Promise<GrantResult> {
    if (!maySend()) return { outcome: 'not-executed', evidence: { phase: 'not-sent', detail: 'Past the deadline.' } };
    switch (await this.#send(message.body)) {
      case 'taken':
        return { outcome: 'granted', evidence: { phase: 'answered', detail: 'The queue took it.' } };
      case 'rejected':
        return { outcome: 'refused', evidence: { phase: 'answered', detail: 'The queue rejected it.' } };
      case 'no answer':
        return { outcome: 'unknown', evidence: { phase: 'sent', detail: 'The queue gave no answer.' } };
    }
  }
}
