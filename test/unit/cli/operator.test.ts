import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { operatorOf } from '../../../src/cli/operator.js';

test('the actor is --actor, else HANDOVER_ACTOR, else the user of the system', () => {
  expect(operatorOf({ actor: 'ada', reason: 'why' }, { HANDOVER_ACTOR: 'bob' })).toEqual({
    actor: 'ada',
    reason: 'why',
  });
  expect(operatorOf({}, { HANDOVER_ACTOR: 'bob' })).toEqual({ actor: 'bob', reason: '' });
  expect(operatorOf({ actor: ' ' }, { HANDOVER_ACTOR: '' }).actor).toBe(userInfo().username);
});
