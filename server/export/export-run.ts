// SPDX-License-Identifier: BSD-2-Clause
/** A run in one of the formats that are one file. */
import type { ExportFileFormat, ExportTable } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { ChromeEncoder } from './chrome.ts';
import { encode, type Piece } from './encoder.ts';
import { JsonlEncoder } from './jsonl.ts';
import { PerfettoEncoder } from './perfetto/perfetto.ts';
import type { KeptAnomaly, RunSource } from './run-source.ts';
import { checkSelection, type Selection } from './selection.ts';
import { TableEncoder, type Column, type RowWriter, type Table } from './tables/column.ts';
import { CsvWriter } from './tables/csv.ts';
import { ParquetRowWriter } from './tables/parquet.ts';
import { anomalyColumns, deliveriesTable, transitionsTable } from './tables/parts.ts';
import { recordsTable } from './tables/records.ts';

/** What of a run is written, and how. */
export interface FileExport {
  readonly format: ExportFileFormat;
  /** Of csv and parquet: what the rows are; records unless given. */
  readonly table?: ExportTable | undefined;
  readonly selection: Selection;
}

/** How a format is named and served. */
export const FILE_FORMATS: Readonly<Record<ExportFileFormat, { readonly extension: string; readonly mediaType: string }>> = {
  perfetto: { extension: '.perfetto-trace', mediaType: 'application/octet-stream' },
  chrome: { extension: '.trace.json', mediaType: 'application/json; charset=utf-8' },
  csv: { extension: '.csv', mediaType: 'text/csv; charset=utf-8; header=present' },
  jsonl: { extension: '.jsonl', mediaType: 'application/x-ndjson; charset=utf-8' },
  parquet: { extension: '.parquet', mediaType: 'application/vnd.apache.parquet' },
};

/** Name for the file of an export, without a folder. */
export function fileName(run: string, { format, table = 'records' }: Omit<FileExport, 'selection'>): string {
  return `${run.replaceAll(':', '-')}${table === 'records' ? '' : `.${table}`}${FILE_FORMATS[format].extension}`;
}

/** The file, piece by piece, in bounded memory. Throws a RequestError before the first piece for what cannot be asked. */
export function exportRun(source: RunSource, { format, table, selection }: FileExport): Generator<Piece> {
  checkSelection(selection);
  if (format === 'csv') return tablePieces(source, selection, table, (columns) => new CsvWriter(columns));
  if (format === 'parquet') return tablePieces(source, selection, table, (columns) => new ParquetRowWriter(columns, source.summary));
  if (table !== undefined) throw new RequestError('bad-request', `"table" is for csv and parquet; ${format} has records with all that belongs to them`);
  switch (format) {
    case 'perfetto': return encode(source, selection, new PerfettoEncoder(source, selection.thread));
    case 'chrome': return encode(source, selection, new ChromeEncoder(source, selection.thread));
    case 'jsonl': return encode(source, selection, new JsonlEncoder(source.names));
  }
}

type WriterOf = <Row>(columns: readonly Column<Row>[]) => RowWriter<Row>;

function tablePieces(source: RunSource, selection: Selection, table: ExportTable = 'records', writerOf: WriterOf): Generator<Piece> {
  const { names } = source;
  if (table === 'anomalies') return anomalyPieces(source, selection, writerOf(anomalyColumns(names)));
  if (table === 'deliveries') return encode(source, selection, tableEncoder(deliveriesTable(names), writerOf));
  if (table === 'transitions') return encode(source, selection, tableEncoder(transitionsTable(names), writerOf));
  return encode(source, selection, tableEncoder(recordsTable(names), writerOf));
}

function tableEncoder<Row>(table: Table<Row>, writerOf: WriterOf): TableEncoder<Row> {
  return new TableEncoder(table, writerOf(table.columns));
}

/** Anomalies are found without their records, which may be gone. */
function* anomalyPieces(source: RunSource, selection: Selection, writer: RowWriter<KeptAnomaly>): Generator<Piece> {
  let last = 0;
  for (const anomaly of source.anomalies(selection)) {
    writer.row(anomaly);
    last = anomaly.seq;
    if (writer.full) yield { bytes: writer.take(), seq: last };
  }
  writer.end();
  yield { bytes: writer.take(), seq: last };
}
