import { describe, expect, test } from 'vitest';
import { readSettlement, type SettlementColumns } from '../../../../src/operations/resolve/read-settlement.js';

const columns: SettlementColumns = { id: 'ID', status: 'STATUS' };

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

function read(content: string | Uint8Array, change: Partial<SettlementColumns> = {}, size = 65_536) {
  return readSettlement(chunked(Buffer.from(content), size), { ...columns, ...change });
}

describe('a settlement file is read', () => {
  const rows = [
    { line: 2, messageId: 'm-1', status: 'PAID' },
    { line: 3, messageId: 'm-2', status: 'NOT_FOUND' },
  ];

  test.each<[string, string, Partial<SettlementColumns>]>([
    ['as it comes', 'ID,STATUS\nm-1,PAID\nm-2,NOT_FOUND\n', {}],
    ['with its columns in any order, among others', 'X,STATUS,Y,ID\n1,PAID,2,m-1\n3,NOT_FOUND,4,m-2\n', {}],
    ['without a last newline', 'ID,STATUS\nm-1,PAID\nm-2,NOT_FOUND', {}],
    ['with the line ends of Windows', 'ID,STATUS\r\nm-1,PAID\r\nm-2,NOT_FOUND\r\n', {}],
    ['with mixed line ends', 'ID,STATUS\nm-1,PAID\r\nm-2,NOT_FOUND\n', {}],
    ['with a byte order mark', '\uFEFFID,STATUS\nm-1,PAID\nm-2,NOT_FOUND\n', {}],
    ['with quotes', '"ID","STATUS"\n"m-1","PAID"\nm-2,"NOT_FOUND"\n', {}],
    ['with spaces around the cells', 'ID , STATUS\n m-1,PAID \nm-2,  NOT_FOUND\n', {}],
    ['with another delimiter', 'ID;STATUS\nm-1;PAID\nm-2;NOT_FOUND\n', { delimiter: ';' }],
    ['with tabs', 'ID\tSTATUS\nm-1\tPAID\nm-2\tNOT_FOUND\n', { delimiter: '\t' }],
  ])('%s', async (_name, content, change) => {
    expect(await read(content, change)).toEqual(rows);
    expect(await read(content, change, 1)).toEqual(rows);
  });

  test('with blank lines, which count as lines', async () => {
    expect(await read('ID,STATUS\n\nm-1,PAID\n\n')).toEqual([{ line: 3, messageId: 'm-1', status: 'PAID' }]);
  });

  test('with a header alone', async () => {
    expect(await read('ID,STATUS\n')).toEqual([]);
  });
});

describe('a row that leaves a doubt is told as such:', () => {
  test('one with a cell too many or too few', async () => {
    expect(await read('ID,STATUS\nm-1,PAID,x\nm-2\n')).toEqual([
      { line: 2, messageId: 'm-1', status: 'PAID', fault: 'it has 3 cells, and the header has 2' },
      { line: 3, messageId: 'm-2', status: '', fault: 'it has 1 cells, and the header has 2' },
    ]);
  });

  test('two that two quotes too many have made one of', async () => {
    const [row, ...more] = await read('ID,NOTE,STATUS\nm-1,"x,NOT_FOUND\nm-2,y",PAID\n');
    expect(more).toEqual([]);
    expect(row).toMatchObject({ messageId: 'm-1', status: 'PAID', fault: expect.stringContaining('several lines') });
  });

  test('one whose cell goes over several lines, and the rows behind it keep their own lines', async () => {
    const rows = await read('ID,NOTE,STATUS\r\nm-1,"a\r\nb",PAID\r\nm-2,"a\nb",PAID\r\nm-3,c,PAID\r\n');
    expect(rows.map(({ messageId, fault }) => [messageId, fault === undefined])).toEqual([
      ['m-1', false],
      ['m-2', false],
      ['m-3', true],
    ]);
    expect(rows.at(-1)?.line).toBe(6);
  });

  test('one with a huge cell, of which no more is kept than tells that it is no message ID', async () => {
    const [row] = await read(`ID,STATUS\n${'x'.repeat(100_000)},PAID\n`);
    expect(row?.messageId).toHaveLength(201);
  });
});

describe('a file that cannot be trusted is refused as a whole:', () => {
  test.each<[string, string | Uint8Array, string, string]>([
    ['an empty one', '', 'settlement-invalid', 'it is empty'],
    ['without the column', 'REF,STATUS\nm-1,PAID\n', 'wrong-use', "has no column 'ID'"],
    ['with the column twice', 'ID,STATUS,ID\nm-1,PAID,m-2\n', 'settlement-invalid', "names the column 'ID' twice"],
    [
      'a quote that is never closed',
      'ID,STATUS\nm-1,PAID\nm-2,"PAID\nm-3,PAID\n',
      'settlement-invalid',
      'never closed',
    ],
    [
      'text behind a quote',
      'ID,STATUS\nm-1,PAID\n"m"-2,PAID\n',
      'settlement-invalid',
      'text follows a closing quote at line 3',
    ],
    ['a quote inside a cell', 'ID,STATUS\nm-1,PAID\nm"2,PAID\n', 'settlement-invalid', 'a quote stands inside a cell'],
    ['UTF-16', Buffer.from('\uFEFFID,STATUS\n', 'utf16le'), 'settlement-invalid', 'not UTF-8'],
    ['bytes that are no UTF-8', Buffer.from([0x49, 0x44, 0x2c, 0xff]), 'settlement-invalid', 'not UTF-8'],
    ['UTF-8 that breaks off', Buffer.from([0x49, 0x44, 0x2c, 0xc3]), 'settlement-invalid', 'not UTF-8'],
    ['a zero byte', 'ID,STATUS\nm-1,PA\0ID\n', 'settlement-invalid', 'bytes that are no text'],
    ['a row without end', `ID,STATUS\n"${'x'.repeat(2 << 20)}`, 'settlement-invalid', 'longer than 1048576 bytes'],
  ])('%s', async (_name, content, code, message) => {
    await expect(read(content)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('one that was read with the wrong delimiter, with a hint', async () => {
    await expect(read('ID;STATUS\nm-1;PAID\n')).rejects.toMatchObject({ hint: expect.stringContaining('--delimiter') });
  });

  test('and nothing of its contents is told', async () => {
    await expect(read('ID,STATUS\nsecret"x,PAID\n')).rejects.toMatchObject({
      message: expect.not.stringContaining('secret'),
    });
  });
});
