// SPDX-License-Identifier: BSD-2-Clause
/** Parquet: integers as INT64, 64-bit words as unsigned INT64, lists of words as lists. */
import type { DecodedArray } from 'hyparquet';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { RunSummary } from '../../../schema/api/index.ts';
import { lanesToBigInt } from '../../../schema/abi/word.ts';
import { startPairs } from '../run-text.ts';
import type { Column, RowWriter } from './column.ts';

/** Rows of a row group: what is held in memory, and what a reader reads at once. */
const GROUP_ROWS = 32_768;

/** A column of the rows of one group. */
interface Gathered<Row> {
  readonly name: string;
  put(row: Row, at: number): void;
  first(count: number): DecodedArray;
}

export class ParquetRowWriter<Row> implements RowWriter<Row> {
  private readonly bytes = new ByteWriter(1 << 20);
  private readonly parquet: ParquetWriter;
  private readonly columns: readonly Gathered<Row>[];
  private rows = 0;

  constructor(columns: readonly Column<Row>[], summary: RunSummary) {
    this.columns = columns.map(gather);
    this.parquet = new ParquetWriter({
      writer: this.bytes,
      schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(schemaOf)],
      kvMetadata: startPairs(summary).map(([key, value]) => ({ key: `sel4scope.${key}`, value })),
      createdBy: 'sel4scope',
    });
  }

  get full(): boolean {
    return this.bytes.index > 0 && this.rows === 0;
  }

  row(row: Row): void {
    for (const column of this.columns) column.put(row, this.rows);
    if (++this.rows === GROUP_ROWS) this.writeGroup();
  }

  take(): Uint8Array {
    const taken = this.bytes.getBytes().slice();
    this.bytes.index = 0;
    return taken;
  }

  end(): void {
    if (this.rows > 0) this.writeGroup();
    void this.parquet.finish();
  }

  private writeGroup(): void {
    const count = this.rows;
    this.rows = 0;
    void this.parquet.write({ columnData: this.columns.map((column) => ({ name: column.name, data: column.first(count) })), rowGroupSize: count });
  }
}

function schemaOf<Row>({ name, type }: Column<Row>): SchemaElement[] {
  const repetition_type = 'REQUIRED';
  switch (type) {
    case 'integer': return [{ name, type: 'INT64', repetition_type }];
    case 'optional': return [{ name, type: 'INT64', repetition_type: 'OPTIONAL' }];
    case 'text': return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }];
    case 'word': return [{ name, type: 'INT64', converted_type: 'UINT_64', repetition_type }];
    case 'words': return [
      { name, repetition_type, num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'INT64', converted_type: 'UINT_64', repetition_type },
    ];
  }
}

function gather<Row>(column: Column<Row>): Gathered<Row> {
  const { name } = column;
  switch (column.type) {
    case 'integer': {
      const values = new BigInt64Array(GROUP_ROWS);
      const lanes = new Int32Array(values.buffer);
      return {
        name,
        put: (row, at) => {
          const value = column.of(row);
          lanes[2 * at] = value;
          lanes[2 * at + 1] = Math.floor(value / 0x1_0000_0000);
        },
        first: (count) => values.subarray(0, count),
      };
    }
    case 'word': {
      const values = new BigUint64Array(GROUP_ROWS);
      const lanes = new Uint32Array(values.buffer);
      return {
        name,
        put: (row, at) => {
          lanes[2 * at] = column.lo(row);
          lanes[2 * at + 1] = column.hi(row);
        },
        first: (count) => values.subarray(0, count),
      };
    }
    case 'optional': return list(name, (row) => {
      const value = column.of(row);
      return value === null ? null : BigInt(value);
    });
    case 'text': return list(name, (row) => column.of(row));
    case 'words': return list(name, (row) => {
      const lanes = column.lanes(row);
      return Array.from({ length: column.count(row) }, (_, i) => lanesToBigInt(lanes[2 * i]!, lanes[2 * i + 1]!));
    });
  }
}

function list<Row>(name: string, of: (row: Row) => unknown): Gathered<Row> {
  const values: unknown[] = [];
  return { name, put: (row, at) => { values[at] = of(row); }, first: (count) => values.slice(0, count) };
}
