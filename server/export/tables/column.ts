// SPDX-License-Identifier: BSD-2-Clause
/** Columns of the tables that CSV and Parquet files have in common. Those that the SQL views have too have their names there. */
import type { TrapRecord } from '../../../schema/trace/trap-record.ts';
import type { Encoder } from '../encoder.ts';
import type { KeptAnomaly } from '../run-source.ts';

/** A value of each row. The words of a column are in lanes, so that none becomes a BigInt on the way. */
export type Column<Row> = { readonly name: string; readonly meaning: string } & (
  /** A safe integer. */
  | { readonly type: 'integer'; readonly of: (row: Row) => number }
  /** A safe integer, or null for none. */
  | { readonly type: 'optional'; readonly of: (row: Row) => number | null }
  /** Empty for none. */
  | { readonly type: 'text'; readonly of: (row: Row) => string }
  | { readonly type: 'word'; readonly lo: (row: Row) => number; readonly hi: (row: Row) => number }
  | { readonly type: 'words'; readonly lanes: (row: Row) => Uint32Array; readonly count: (row: Row) => number }
);

/** A table of what is in records. */
export interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  /** Visits the rows that a record has in it, each valid during the visit only. */
  rows(record: TrapRecord, anomalies: readonly KeptAnomaly[], visit: (row: Row) => void): void;
}

/** Turns the rows of a table into a file. The constructor of each writes its head. */
export interface RowWriter<Row> extends Omit<Encoder, 'record'> {
  /** The row is not held afterwards. */
  row(row: Row): void;
}

/** The rows of records. */
export class TableEncoder<Row> implements Encoder {
  private readonly table: Table<Row>;
  private readonly writer: RowWriter<Row>;
  private readonly visit: (row: Row) => void;

  constructor(table: Table<Row>, writer: RowWriter<Row>) {
    this.table = table;
    this.writer = writer;
    this.visit = (row) => writer.row(row);
  }

  get full(): boolean {
    return this.writer.full;
  }

  record(record: TrapRecord, anomalies: readonly KeptAnomaly[]): void {
    this.table.rows(record, anomalies, this.visit);
  }

  take(): Uint8Array {
    return this.writer.take();
  }

  end(): void {
    this.writer.end();
  }
}


export const integer = <Row>(name: string, meaning: string, of: (row: Row) => number): Column<Row> => ({ name, meaning, type: 'integer', of });
export const optional = <Row>(name: string, meaning: string, of: (row: Row) => number | null): Column<Row> => ({ name, meaning, type: 'optional', of });
export const text = <Row>(name: string, meaning: string, of: (row: Row) => string): Column<Row> => ({ name, meaning, type: 'text', of });
export const word = <Row>(name: string, meaning: string, lo: (row: Row) => number, hi: (row: Row) => number): Column<Row> => ({ name, meaning, type: 'word', lo, hi });
export const words = <Row>(name: string, meaning: string, lanes: (row: Row) => Uint32Array, count: (row: Row) => number): Column<Row> => (
  { name, meaning, type: 'words', lanes, count });
