// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { Moment, Natural } from './common.ts';

/** `GET /api/status`: the service itself. */
export const ServiceStatus = Type.Object({
  service: Type.Literal('sel4scope'),
  version: Type.String(),
  startedAt: Moment,
  /** The database file. */
  dataFile: Type.String(),
  /** Bytes of the database file and its write-ahead log. */
  dataBytes: Natural,
  runs: Natural,
  records: Natural,
  anomalies: Natural,
  /** Producers connected to `/ingest`. */
  producers: Natural,
  /** Browsers connected to `/live`. */
  watchers: Natural,
  /** Batches received and not yet committed. */
  pendingBatches: Natural,
  /** The service only shows a trace file, and takes nothing. */
  readOnly: Type.Optional(Type.Literal(true)),
  /** Why nothing can be stored at the moment (disk full, …); absent when all is well. */
  problem: Type.Optional(Type.String()),
}, { $id: 'ServiceStatus' });
export type ServiceStatus = Static<typeof ServiceStatus>;
