import type { Side } from '../../../src/domain/side.js';
import type { Rig } from '../rig.js';

/** How much longer each answer of the ledger takes, in ms: the time in which it is to be caught on its way. */
const ON_ITS_WAY_MS = 400;

/**
 * Catches a side between the ledger's `sending` and the request to the provider: the answer without which nothing is
 * written is held back, and stays so. Answers which of the messages it has caught there.
 */
export async function catchSending(rig: Rig, side: Side, messageIds: readonly string[]): Promise<readonly string[]> {
  const { links, ledger, provider } = rig.ground;
  const link = links.bySide[side].redis;
  link.slow(ON_ITS_WAY_MS);
  await rig.stream.send(messageIds);
  await rig.until(async () => {
    const states = await ledger.states(messageIds);
    if (!states.includes('sending')) return false;
    link.hold('answers');
    return true;
  }, `${side} is about to send`);
  // What had its answer before is written by now.
  await rig.pause(ON_ITS_WAY_MS);
  const states = await ledger.states(messageIds);
  const asked = new Set(provider.callsFor(messageIds).map(({ messageId }) => messageId));
  return messageIds.filter((messageId, index) => states[index] === 'sending' && !asked.has(messageId));
}
