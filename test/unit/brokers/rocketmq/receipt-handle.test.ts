import { describe, expect, it } from 'vitest';
import { forExtension } from '../../../../src/brokers/rocketmq/receipt-handle.js';

describe('the receipt handle of an extension', () => {
  it('names the record that the broker made for the message alone, not that of the batch it came in', () => {
    expect(forExtension('40 1764200000000 10000 3 0 broker-a 2 47 123456')).toBe(
      '47 1764200000000 10000 3 0 broker-a 2 47 123456',
    );
    expect(forExtension('0 1764200000000 10000 3 2 broker-a 0 5')).toBe('5 1764200000000 10000 3 2 broker-a 0 5');
  });

  it('is left alone where the proxy names that record itself', () => {
    const handle = '47 1764200000000 10000 3 0 broker-a 2 47 123456';
    expect(forExtension(handle)).toBe(handle);
  });

  it.each(['', 'AgEBAAEAAAD7qEpcv', '1 2 3 4 5 6 7', '1 2 3 4 0 broker-a 2 self'])(
    'is left alone where it is of a kind that we do not know: %j',
    (handle) => {
      expect(forExtension(handle)).toBe(handle);
    },
  );
});
