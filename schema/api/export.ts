// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';

/** Formats that are one file, and so can be downloaded. CTF is a directory. */
export const EXPORT_FILE_FORMATS = ['perfetto', 'chrome', 'csv', 'jsonl', 'parquet'] as const;
export type ExportFileFormat = (typeof EXPORT_FILE_FORMATS)[number];

/** What the rows of a CSV or Parquet file are. */
export const EXPORT_TABLES = ['records', 'deliveries', 'transitions', 'anomalies'] as const;
export type ExportTable = (typeof EXPORT_TABLES)[number];

const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Time = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Query of `GET /api/runs/:run/export`. */
export const ExportQuery = Type.Object({
  format: Type.Enum(EXPORT_FILE_FORMATS, { description: 'what the file is for' }),
  table: Type.Optional(Type.Enum(EXPORT_TABLES, { description: 'of csv and parquet; records unless given' })),
  from: Type.Optional(Type.Integer({ ...Seq, description: 'first sequence number' })),
  to: Type.Optional(Type.Integer({ ...Seq, description: 'last sequence number' })),
  fromTime: Type.Optional(Type.Integer({ ...Time, description: 'entered at this virtual time or later, ns' })),
  toTime: Type.Optional(Type.Integer({ ...Time, description: 'entered at this virtual time or before, ns' })),
  thread: Type.Optional(Type.Integer({
    minimum: 0, maximum: 0xffff_ffff, description: 'records that this thread made, that gave it something, or that changed its state',
  })),
}, { additionalProperties: false });
export type ExportQuery = Static<typeof ExportQuery>;
