import { describe, expect, it } from 'vitest';
import { Attempts, reasonOf } from '../../../bench/attempts.js';
import { exitCodeOf } from '../../../bench/run-bench.js';
import { HandoverError } from '../../../src/domain/errors.js';

const fail = (message: string) => () => Promise.reject(new Error(message));
const succeed = async (): Promise<number> => 7;

describe('attempts', () => {
  const begin = (signal = new AbortController().signal) => {
    const told: string[] = [];
    return { told, attempts: new Attempts(signal, (line) => void told.push(line)) };
  };

  it('answer what was measured', async () => {
    const { attempts } = begin();
    expect(await attempts.make('seed', 'round 1', succeed)).toBe(7);
    expect(attempts.skipped).toEqual([]);
    expect(attempts.failed).toEqual([]);
  });

  it('leave out who has failed once, with the reason, and go on with the others', async () => {
    const { attempts, told } = begin();
    expect(await attempts.make('dbos', 'round 2', fail('deadlock detected'))).toBeUndefined();
    expect(await attempts.make('dbos', 'latency', succeed)).toBeUndefined();
    expect(await attempts.make('seed', 'round 2', succeed)).toBe(7);
    expect(attempts.isOut('dbos')).toBe(true);
    expect(attempts.skipped).toEqual([{ name: 'dbos', reason: 'round 2: deadlock detected' }]);
    expect(told).toEqual(['dbos is out: round 2: deadlock detected']);
  });

  it('tell what was not even attempted first, which is no failure', async () => {
    const inline = { name: 'handover-inline', reason: 'dispatch: unknown' };
    const attempts = new Attempts(new AbortController().signal, () => undefined, [inline]);
    await attempts.make('textbook', 'preparation', fail('no topic'));
    expect(attempts.skipped.map(({ name }) => name)).toEqual(['handover-inline', 'textbook']);
    expect(attempts.failed).toEqual([]);
    expect(exitCodeOf({ broken: [], failed: attempts.failed })).toBe(0);
  });

  it('fail the run where handover itself fails, though they go on', async () => {
    const { attempts } = begin();
    await attempts.make('dbos', 'round 1', fail('no'));
    await attempts.make('handover', 'round 1', fail('no'));
    expect(attempts.failed).toEqual(['handover']);
    expect(exitCodeOf({ broken: [], failed: attempts.failed })).toBe(1);
  });

  it('end where nobody can go on', async () => {
    const interruption = new AbortController();
    const { attempts } = begin(interruption.signal);
    interruption.abort(new HandoverError('interrupted', 'Interrupted by SIGINT.'));
    await expect(attempts.make('seed', 'round 1', fail('aborted'))).rejects.toThrow('Interrupted by SIGINT.');
    expect(attempts.skipped).toEqual([]);
  });
});

describe('the exit code', () => {
  it('tells of a message that was not rewarded exactly once', () => {
    expect(exitCodeOf({ broken: ['dbos, one: a: 2'], failed: [] })).toBe(1);
    expect(exitCodeOf({ broken: [], failed: [] })).toBe(0);
  });
});

describe('the reason of a failure', () => {
  it('is the first lines of its text, empty ones aside', () => {
    const lines = ['dbos-kafka-1 ended while it was starting. The end of its log:', '', ...'abcdefghijklmn'];
    expect(reasonOf(new Error(lines.join('\n'))).split('\n')).toEqual([lines[0], ...'abcdefghijk']);
    expect(reasonOf('a text')).toBe('a text');
  });

  it('is what a wait was cut short for', () => {
    const ended = new HandoverError('stack-failed', 'dbos-kafka-1 has ended');
    const abort = Object.assign(new Error('The operation was aborted', { cause: ended }), { name: 'AbortError' });
    expect(reasonOf(abort)).toBe('dbos-kafka-1 has ended');
    expect(reasonOf(new HandoverError('interrupted', 'Interrupted.', { cause: ended }))).toBe('dbos-kafka-1 has ended');
  });
});
