import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../../src/cli/output.js';
import { checkMigration } from '../../../src/config/check-migration.js';
import { REDACTED, SecretRegistry, secrets } from '../../../src/config/secrets.js';
import { HandoverError } from '../../../src/domain/errors.js';

describe('a secret', () => {
  it('is struck out wherever it stands, in each of its forms', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(secret.trim().length >= 4 && !REDACTED.includes(secret));
        const registry = new SecretRegistry();
        registry.add(secret);
        const forms = [secret, JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64')];
        if (Buffer.from(secret).toString() === secret) forms.push(encodeURIComponent(secret));
        for (const form of forms) expect(registry.redact(`${before}${form}${after}`)).not.toContain(form);
      }),
    );
  });

  it('that contains another one leaves nothing of itself', () => {
    const registry = new SecretRegistry();
    registry.add('hunter2');
    registry.add('hunter2-and-more');
    expect(registry.redact('is hunter2-and-more, was hunter2')).toBe(`is ${REDACTED}, was ${REDACTED}`);
  });

  it('is the password, the lone token and every query value of a URL, but not its host or path', () => {
    const registry = new SecretRegistry();
    registry.addUrl('https://user:p%40ssword@host.example/path?token=to%20ken');
    registry.addUrl('https://lonely-token@host.example/path');
    const basic = Buffer.from('user:p@ssword').toString('base64');
    const text = `user host.example path p@ssword p%40ssword ${basic} to ken lonely-token`;
    expect(registry.redact(text)).toBe(
      `user host.example path ${REDACTED} ${REDACTED} ${REDACTED} ${REDACTED} ${REDACTED}`,
    );
  });

  it('of two or three letters is not struck out, as no text would be left', () => {
    const registry = new SecretRegistry();
    registry.add('abc');
    registry.add(undefined);
    expect(registry.redact('abcdef')).toBe('abcdef');
  });

  it('that a configuration holds is known from the moment it is read, even if it is refused', () => {
    const headers = { authorization: 'Bearer planted-bearer', 'x-key': 'planted-key', accept: 'text/planted' };
    const provider = { url: 'http://u:planted-password@h/', headers, timeout: 'wrong' };
    expect(() => checkMigration({ provider }, { REWARD_URL: 'http://h/?k=planted-query' })).toThrow(/a fault/);
    for (const secret of ['planted-bearer', 'planted-key', 'planted-password', 'planted-query']) {
      expect(secrets.redact(`a ${secret} b`)).toBe(`a ${REDACTED} b`);
    }
    expect(secrets.redact('text/planted')).toBe('text/planted');
  });

  it('is not in what a command says of an error, foreseen or not', () => {
    secrets.addUrl('redis://:planted-in-url@redis:6379');
    const text = 'connect redis://:planted-in-url@redis:6379';
    const foreseen = new HandoverError('ledger-unavailable', text, { hint: text });
    expect([...describeError(foreseen), ...describeError(new Error(text))].join()).not.toContain('planted');
  });
});
