import type { LogPoint } from './placement.js';

/** The metadata of a commit: which topic the position is of, and the leader epoch of the record before it. */
export function writeCommitNote({ topicId, epoch }: LogPoint): string {
  return JSON.stringify({ topic: topicId, epoch });
}

/** Reads a committed position. Metadata that is not ours tells nothing: other programs commit too, to reset a group. */
export function readCommit(offset: string, metadata: string | null): LogPoint | undefined {
  const position = BigInt(offset);
  if (position < 0n) return undefined;
  return { position, ...readCommitNote(metadata) };
}

function readCommitNote(metadata: string | null): Omit<LogPoint, 'position'> {
  const nothing = { topicId: undefined, epoch: undefined };
  if (metadata === null || !metadata.startsWith('{')) return nothing;
  try {
    const { topic, epoch } = JSON.parse(metadata) as Record<string, unknown>;
    return {
      topicId: typeof topic === 'string' ? topic : undefined,
      epoch: typeof epoch === 'number' ? epoch : undefined,
    };
  } catch {
    // Some other program's note.
    return nothing;
  }
}
