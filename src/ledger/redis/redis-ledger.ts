import { HandoverError } from '../../domain/errors.js';
import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { BeginRequest, Holder, Ledger, LostRecord, RouteRequest, UnreadableRecord } from '../ledger.js';
import { Unreadable, unreadable } from '../ledger-error.js';
import type { RouteVerdict } from '../verdicts.js';
import { createAgeIndex } from './age-index.js';
import {
  type Answer,
  beginVerdict,
  claimVerdict,
  recordVerdict,
  reopenVerdict,
  resumeVerdict,
  routeVerdict,
  witnessedBeginVerdict,
} from './answers.js';
import type { RedisClient } from './connect.js';
import { keys } from './keys.js';
import { packReason } from './reason-codec.js';
import { boundedCoordinates, decodeRecord, decodeSeen, encodeEvidence } from './record-codec.js';
import { countRecords } from './record-count.js';
import { ask, runScript, runScriptForBytes } from './run-script.js';
import type { ScriptName } from './scripts.js';

export interface RedisLedgerOptions {
  readonly migration: string;
  /** How long a settled record is remembered, in ms. */
  readonly settledLifetimeMs: number;
}

type Unsettled = LedgerRecord | LostRecord | UnreadableRecord;

/** Records of the age index that are read at once. */
const READ_BATCH = 100;

/** A settled record keeps a run as its 16 bytes and a fingerprint as its 8, so nothing else may enter a record. */
const FINGERPRINT = /^[0-9a-f]{16}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reason of a record that is restored for another owner than the first decision's: the adoption's own one is lost. */
const RESTORED_ADOPTION = 'adopted: restored by the open run';

/** The ledger on a single Redis or a Redis Cluster. `client` comes from connectRedis. */
export function createRedisLedger(client: RedisClient, options: RedisLedgerOptions): Ledger {
  const { migration, settledLifetimeMs } = options;
  const index = createAgeIndex(client, migration);

  function run(script: ScriptName, messageId: string, args: readonly (string | number)[]): Promise<Answer> {
    return runScript(client, script, [keys.record(migration, messageId)], args, { what: script, messageId });
  }

  async function read(messageId: string): Promise<LedgerRecord | undefined> {
    const purpose = { what: 'read', messageId };
    const reply = await runScriptForBytes(client, 'read', [keys.record(migration, messageId)], [], purpose);
    return decodeRecord(messageId, reply);
  }

  async function readOrTell(messageId: string): Promise<Unsettled> {
    try {
      return (await read(messageId)) ?? { messageId, state: 'none' };
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return { messageId, state: 'unreadable', why: error.message };
    }
  }

  async function route(request: RouteRequest): Promise<RouteVerdict> {
    const { messageId, side, fingerprint, decision, validUntil, checkAfterMs, beyondMemory, beforeStart } = request;
    const { owner, reason, policyVersion } = decision;
    const coordinates = boundedCoordinates(request.coordinates);
    assertFingerprint(fingerprint, messageId);
    const args = [
      ...[side, fingerprint, owner, packReason(reason), policyVersion],
      ...[
        validUntil,
        checkAfterMs,
        beyondMemory ? '1' : '0',
        beforeStart ? '1' : '0',
        coordinates,
        request.unproved ? '1' : '0',
      ],
    ];
    try {
      return routeVerdict(await run('route', messageId, args));
    } catch (error) {
      // The fault of this one record must not fail the others of its batch, and with them a whole partition.
      if (!(error instanceof Unreadable)) throw error;
      return { verdict: 'unreadable', why: error.message };
    }
  }

  async function now(): Promise<number> {
    const [seconds, micros] = await ask(client, { what: 'tell the time' }, () => client.time());
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }

  return {
    // Calls that are made together go out together, and each finds its own node of a cluster.
    route: (requests) => Promise.all(requests.map(route)),
    read,

    async states(messageIds) {
      const answers = await Promise.all(messageIds.map((messageId) => run('state', messageId, [])));
      return answers.map(([state]) => (state === 'none' ? undefined : (state as LedgerRecord['state'] | 'unreadable')));
    },

    async ownerProgress(messageIds, owner) {
      const answers = await Promise.all(messageIds.map((messageId) => run('state', messageId, [])));
      return answers.map(([state, , seen]) => {
        if (state === 'none' || state === 'unreadable') return 'unknown';
        if (state !== 'assigned') return 'claimed';
        return decodeSeen(seen ?? '0')[owner] ? 'seen' : 'unseen';
      });
    },

    async claim(request) {
      const args = [...callerOf(request, request.origin.decision.owner), request.side];
      return claimVerdict(await run('claim', request.messageId, args));
    },

    async adopt(request) {
      const reason = packReason(`adopted: ${request.reason}`);
      const args = [...callerOf(request, request.origin.decision.owner), request.side, reason];
      return claimVerdict(await run('adopt', request.messageId, args));
    },

    async begin(request) {
      return beginVerdict(await run('begin', request.messageId, attemptOf(request)));
    },

    async beginWitnessed(request) {
      const { messageId, witness } = request;
      const names = [keys.record(migration, messageId), keys.mark(migration, 0)];
      const args = [...attemptOf(request), witness.epoch, witness.server];
      return witnessedBeginVerdict(
        await runScript(client, 'begin-witnessed', names, args, { what: 'begin', messageId }),
      );
    },

    async clear(request) {
      const { round, attempt, nonce } = request;
      const args = [...callerOf(request, request.origin.decision.owner), round, attempt, nonce];
      return recordVerdict(await run('clear', request.messageId, args));
    },

    async park(request) {
      const { round, attempt, evidence } = request;
      const args = [...callerOf(request, request.owner), round, attempt, encodeEvidence(evidence)];
      return recordVerdict(await run('park', request.messageId, args));
    },

    async reopen(request) {
      const { round, notBefore, settlesWithinMs = 0, observedAt = '' } = request;
      const args = [...callerOf(request, request.owner), round, notBefore, settlesWithinMs, observedAt];
      return reopenVerdict(await run('reopen', request.messageId, args));
    },

    async settle(request) {
      const { round, attempt, outcome } = request;
      const args = [...callerOf(request, request.owner), round, attempt, outcome, settledLifetimeMs];
      return recordVerdict(await run('settle', request.messageId, args));
    },

    async resume(request) {
      const args = [...callerOf(request, request.origin.decision.owner), request.fromRun];
      return resumeVerdict(await run('resume', request.messageId, args));
    },

    async strand(messageId, fromRun, why) {
      const [verdict] = await run('strand', messageId, [fromRun, why]);
      if (verdict === 'stranded' || verdict === 'ignored') return verdict === 'stranded';
      throw unreadable('strand', `the script answered ${verdict}`, messageId);
    },

    async unroute(messageId, { from, before }) {
      const [verdict] = await run('unroute', messageId, [from ?? '', before ?? '']);
      if (verdict === 'removed' || verdict === 'ignored') return verdict === 'removed';
      throw unreadable('unroute', `the script answered ${verdict}`, messageId);
    },

    index: (messageIds) => index.enter(messageIds),
    unindex: (messageId) => index.leave([messageId]),
    looked: (messageId) => index.renew(messageId),

    async *unsettled({ beforeMs, limit = Number.POSITIVE_INFINITY } = {}) {
      // What the caller looks at goes behind the others, and must not be met there again.
      const end = beforeMs ?? (await now()) + 1;
      let left = limit;
      const readBatch = async function* (batch: readonly string[]): AsyncGenerator<Unsettled> {
        const records = await Promise.all(batch.map(readOrTell));
        const settled = batch.filter((_, i) => records[i]?.state === 'settled');
        if (settled.length > 0) await index.leave(settled);
        yield* records.filter(({ state }) => state !== 'settled');
      };
      let batch: string[] = [];
      for await (const { messageId } of index.oldest(end)) {
        batch.push(messageId);
        if (batch.length < Math.min(READ_BATCH, left)) continue;
        for await (const record of readBatch(batch)) {
          yield record;
          left -= 1;
        }
        if (left <= 0) return;
        batch = [];
      }
      yield* readBatch(batch);
    },

    count: () => countRecords(client, migration),

    now,
  };
}

/** The arguments by which every step of a workflow run begins; `owner` is what a restored record would name. */
function callerOf(holder: Holder, owner: Holder['origin']['decision']['owner']): (string | number)[] {
  const { run, origin, restore, messageId } = holder;
  if (!UUID.test(run)) {
    throw new HandoverError('ledger-rejected', `'${run}' is not the ID of a workflow run`, { messageId });
  }
  const { decision, fingerprint } = origin;
  assertFingerprint(fingerprint, messageId);
  const reason = owner === decision.owner ? decision.reason : RESTORED_ADOPTION;
  return [run, restore === true ? '1' : '0', owner, packReason(reason), decision.policyVersion, fingerprint];
}

function attemptOf(request: BeginRequest): (string | number)[] {
  const { round, attempt, nonce, cleared, lastsMs } = request;
  return [...callerOf(request, request.owner), round, attempt, nonce, cleared, lastsMs];
}

function assertFingerprint(fingerprint: string, messageId: string): void {
  if (FINGERPRINT.test(fingerprint)) return;
  throw new HandoverError('ledger-rejected', `'${fingerprint}' is not the fingerprint of a payload`, { messageId });
}
