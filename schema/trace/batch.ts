// SPDX-License-Identifier: BSD-2-Clause
/** Columnar batches of TrapRecords: message Batch of `trace.proto`. */
export { BatchError } from './batch-error.ts';
export { BATCH_LIMITS } from './batch-layout.ts';
export type { DeliveryColumns, RecordColumns, TransitionColumns } from './batch-layout.ts';
export type { BatchHeader } from './batch-fields.ts';
export { BatchBuilder } from './batch-builder.ts';
export { BatchReader, BatchScan, unzigzag } from './batch-reader.ts';
export type { ScanColumn } from './batch-reader.ts';
export { ReusedMemory } from './column-memory.ts';
