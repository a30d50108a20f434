import type { Rig } from '../rig.js';

/**
 * Publishes so many new messages to both brokers, a few every tenth of a second. A broker that answers late holds none of the
 * others back, as real producers do not wait for each other. Resolves once all of them are published.
 */
export async function sendSteadily(rig: Rig, count: number, perSecond: number): Promise<void> {
  const perTick = Math.max(1, Math.round(perSecond / 10));
  const sending: Promise<unknown>[] = [];
  for (let sent = 0; sent < count; sent += perTick) {
    sending.push(rig.stream.sendNew(Math.min(perTick, count - sent)));
    await rig.pause((perTick * 1_000) / perSecond);
  }
  await Promise.all(sending);
}
