// SPDX-License-Identifier: BSD-2-Clause
/** CSV as in RFC 4180: a line of column names, CR LF at the end of each line, 64-bit words as `0x…`, lists with spaces between. */
import { lanesToHex } from '../../../schema/abi/word.ts';
import { ByteBuffer } from '../byte-buffer.ts';
import { PIECE_BYTES } from '../encoder.ts';
import type { Column, RowWriter } from './column.ts';

export class CsvWriter<Row> implements RowWriter<Row> {
  private readonly out = new ByteBuffer();
  private readonly columns: readonly Column<Row>[];

  constructor(columns: readonly Column<Row>[]) {
    this.columns = columns;
    this.out.text(`${columns.map(({ name }) => quoted(name)).join(',')}\r\n`);
  }

  get full(): boolean {
    return this.out.length >= PIECE_BYTES;
  }

  row(row: Row): void {
    let line = '';
    for (const column of this.columns) line += line === '' ? field(column, row) : `,${field(column, row)}`;
    this.out.text(line);
    this.out.text('\r\n');
  }

  take(): Uint8Array {
    return this.out.take();
  }

  end(): void {
    // A line is complete in itself.
  }
}

/** A field with quotes where it needs them. */
export function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function field<Row>(column: Column<Row>, row: Row): string {
  switch (column.type) {
    case 'integer': return String(column.of(row));
    case 'optional': return String(column.of(row) ?? '');
    case 'text': return quoted(column.of(row));
    case 'word': return lanesToHex(column.lo(row), column.hi(row));
    case 'words': return hexList(column.lanes(row), column.count(row));
  }
}

function hexList(lanes: Uint32Array, count: number): string {
  let list = '';
  for (let i = 0; i < count; i++) list += `${i === 0 ? '' : ' '}${lanesToHex(lanes[2 * i]!, lanes[2 * i + 1]!)}`;
  return list;
}
