import { pipeline } from 'node:stream/promises';
import { CsvError, type Info, parse } from 'csv-parse';
import { HandoverError, toError } from '../../domain/errors.js';
import type { SettlementRow } from '../../domain/reward/settlement.js';
import { inOneLine } from '../../domain/text.js';

/** Where a settlement file says what. */
export interface SettlementColumns {
  /** Names in the file's header. */
  readonly id: string;
  readonly status: string;
  /** Default a comma. */
  readonly delimiter?: string;
}

/** Longest line that is read, in bytes: far above any real one, and a quote that is never closed ends there. */
const LONGEST_LINE_BYTES = 1 << 20;

/** Longest text of a cell that is kept: a message ID has 200 characters at most. */
const LONGEST_CELL = 201;

interface ParsedLine {
  readonly record: readonly string[];
  readonly info: Pick<Info, 'lines'>;
}

/**
 * Reads a settlement file as it comes in: CSV with a header, in UTF-8, with or without a byte order mark. A fault of one
 * row is told with the row; a fault that may have moved the borders of other rows spoils the file.
 * @throws HandoverError `wrong-use` if a column is not there, `settlement-invalid` if the file cannot be trusted
 */
export async function readSettlement(
  chunks: AsyncIterable<Uint8Array>,
  columns: SettlementColumns,
): Promise<readonly SettlementRow[]> {
  const parser = parse({
    delimiter: columns.delimiter ?? ',',
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    info: true,
    max_record_size: LONGEST_LINE_BYTES,
  });
  const rows: SettlementRow[] = [];
  let header: Header | undefined;
  let countedTwice = 0;
  try {
    await pipeline(decodeText(chunks), parser, async (lines: AsyncIterable<ParsedLine>) => {
      for await (const { record, info } of lines) {
        countedTwice += lineEndsOfTwo(record);
        if (header === undefined) header = findColumns(record, columns);
        else rows.push(readRow(record, info.lines - countedTwice, header));
      }
    });
  } catch (error) {
    throw explain(error);
  }
  if (header === undefined) throw invalid('it is empty');
  return rows;
}

/** Within quotes the parser counts a carriage return and a line feed as a line each, also where they end one together. */
function lineEndsOfTwo(cells: readonly string[]): number {
  return cells.reduce((count, cell) => count + (cell.match(/\r\n/g)?.length ?? 0), 0);
}

interface Header {
  readonly id: number;
  readonly status: number;
  readonly width: number;
}

function findColumns(names: readonly string[], { id, status }: SettlementColumns): Header {
  const find = (name: string): number => {
    const at = names.indexOf(name);
    if (at === -1) {
      const known = names.slice(0, 20).map((column) => inOneLine(column).slice(0, 40));
      throw new HandoverError('wrong-use', `The settlement file has no column '${name}'.`, {
        hint: `Its columns: ${known.join(' | ')}. If that looks like one, name the right --delimiter.`,
      });
    }
    if (names.lastIndexOf(name) !== at) throw invalid(`its header names the column '${name}' twice`);
    return at;
  };
  return { id: find(id), status: find(status), width: names.length };
}

function readRow(cells: readonly string[], line: number, { id, status, width }: Header): SettlementRow {
  const cell = (at: number): string => (cells[at] ?? '').slice(0, LONGEST_CELL);
  const fault = faultOf(cells, width);
  return { line, messageId: cell(id), status: cell(status), ...(fault !== undefined && { fault }) };
}

function faultOf(cells: readonly string[], width: number): string | undefined {
  if (cells.length !== width) return `it has ${cells.length} cells, and the header has ${width}`;
  // A quote too many in one row and one in a later row make one row of both, and what it says is anybody's guess.
  return cells.some((cell) => /[\r\n]/.test(cell))
    ? 'a cell goes over several lines: a quote may be missing'
    : undefined;
}

/** The text without its byte order mark. */
async function* decodeText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of chunks) yield readable(() => decoder.decode(chunk, { stream: true }));
  yield readable(() => decoder.decode());
}

function readable(decode: () => string): string {
  let text: string;
  try {
    text = decode();
  } catch (cause) {
    throw invalid('it is not UTF-8 text; save it as CSV in UTF-8 (UTF-16 is not read)', cause);
  }
  if (text.includes('\0')) throw invalid('it holds bytes that are no text');
  return text;
}

const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'text follows a closing quote',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'text follows a closing quote',
  INVALID_OPENING_QUOTE: 'a quote stands inside a cell that does not begin with one',
  CSV_MAX_RECORD_SIZE: `a row is longer than ${LONGEST_LINE_BYTES} bytes, or a quote is not closed`,
};

/** The parser's own messages quote the file, which may hold what is nobody's business. */
function explain(error: unknown): HandoverError {
  if (error instanceof HandoverError) return error;
  if (!(error instanceof CsvError)) {
    return new HandoverError('wrong-use', `The settlement file cannot be read: ${toError(error).message}`, {
      cause: error,
    });
  }
  const line = typeof error['lines'] === 'number' ? ` at line ${error['lines']}` : '';
  return invalid(`${FAULTS[error.code] ?? 'it is not CSV'}${line}`, error);
}

function invalid(why: string, cause?: unknown): HandoverError {
  return new HandoverError('settlement-invalid', `The settlement file cannot be trusted: ${why}.`, {
    cause,
    hint: 'Nothing was resolved.',
  });
}
