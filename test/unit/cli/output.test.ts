import { describe, expect, it } from 'vitest';
import { createOutput, describeError, exitCodeOf } from '../../../src/cli/output.js';
import { HandoverError } from '../../../src/domain/errors.js';

function capture(isTTY: boolean) {
  let text = '';
  return {
    isTTY,
    write: (more: string) => {
      text += more;
    },
    text: () => text,
  };
}

describe('output', () => {
  it('prints a result as one line of JSON with --json, for people otherwise, and progress elsewhere', () => {
    const [stdout, stderr] = [capture(false), capture(false)];
    const streams = { stdout, stderr };
    createOutput({ json: true, streams }).result({ a: 1 }, () => ['a is 1']);
    createOutput({ streams }).result({ a: 1 }, ({ a }) => [`a is ${a}`]);
    const progress = createOutput({ json: true, streams }).progress();
    progress.set('x', 'working');
    expect(stdout.text()).toBe('{"a":1}\na is 1\n');
    expect(stderr.text()).toBe('working\n');
  });

  it('tells progress line by line where it cannot redraw, each change once', () => {
    const stderr = capture(false);
    const progress = createOutput({ streams: { stdout: capture(false), stderr } }).progress();
    progress.set('a', 'a starts');
    progress.set('a', 'a starts');
    progress.set('b', 'b starts');
    progress.set('a', 'a is up');
    progress.end();
    expect(stderr.text()).toBe('a starts\nb starts\na is up\n');
  });

  it('redraws progress in place on a terminal', () => {
    const stderr = capture(true);
    const progress = createOutput({ streams: { stdout: capture(true), stderr }, environment: {} }).progress();
    progress.set('a', 'a starts');
    progress.set('b', 'b starts');
    progress.set('a', 'a is up');
    expect(stderr.text()).toBe(
      '\u001b[2Ka starts\n' +
        '\u001b[1A\u001b[2Ka starts\n\u001b[2Kb starts\n' +
        '\u001b[2A\u001b[2Ka is up\n\u001b[2Kb starts\n',
    );
  });

  it('paints on a terminal only, and never where NO_COLOR is set', () => {
    const paint = (isTTY: boolean, environment: Record<string, string>) =>
      createOutput({ streams: { stdout: capture(isTTY), stderr: capture(isTTY) }, environment }).paint('red', 'x');
    expect(paint(true, {})).toBe('\u001b[31mx\u001b[0m');
    expect(paint(true, { NO_COLOR: '1' })).toBe('x');
    expect(paint(true, { TERM: 'dumb' })).toBe('x');
    expect(paint(false, {})).toBe('x');
  });
});

describe('an error', () => {
  it('becomes a sentence and what to do next, without a stack trace', () => {
    const error = new HandoverError('port-taken', 'Port 1 is taken.', { hint: 'Move it.' });
    expect(describeError(error)).toEqual(['handover: Port 1 is taken.', 'Move it.']);
  });

  it('that nobody foresaw shows where it came from', () => {
    expect(describeError(new TypeError('oops'))[0]).toMatch(/unexpected fault: TypeError: oops\n\s+at /);
    expect(describeError('thrown text')[0]).toContain('thrown text');
  });

  it('ends the command with 2 for wrong use and 1 for a failure', () => {
    expect(exitCodeOf(new HandoverError('wrong-use', ''))).toBe(2);
    expect(exitCodeOf(new HandoverError('connections-incomplete', ''))).toBe(2);
    expect(exitCodeOf(new HandoverError('config-invalid', ''))).toBe(2);
    expect(exitCodeOf(new HandoverError('port-taken', ''))).toBe(1);
    expect(exitCodeOf(new Error())).toBe(1);
  });
});
