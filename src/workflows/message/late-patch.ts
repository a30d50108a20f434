import { condition, patched } from '@temporalio/workflow';

/**
 * Asks for a patch at a point that a run may reach right after a local activity. Ask with this, not with `patched`, wherever
 * the last thing that was awaited can have been a step in the ledger.
 *
 * A workflow task that carries a query (Temporal Web UI sends them, and so does a recovery of the ledger) is answered as
 * soon as a local activity in it has ended. What the workflow does next is recorded under the task after it, a patch's marker
 * included. A replay goes on within the earlier task, and is told of the patch one task later. Without this wait it takes
 * the old way, differs from its history, and no other worker can ever go on with the run.
 *
 * @param otherwise what the old way waits for at this point. A history without the patch goes on by it.
 * @returns whether the run goes the new way: always, for what is not a replay.
 */
export async function patchedLate(patchId: string, otherwise: () => boolean): Promise<boolean> {
  let isPatched = false;
  await condition(() => {
    isPatched ||= patched(patchId);
    return isPatched || otherwise();
  });
  return isPatched;
}
