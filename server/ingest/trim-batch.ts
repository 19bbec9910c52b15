// SPDX-License-Identifier: BSD-2-Clause
import { BatchBuilder, type BatchReader } from '../../schema/trace/batch.ts';
import { TrapRecord } from '../../schema/trace/trap-record.ts';

/** A batch without the records before `nextSeq`, which must lie in it. */
export function trimBatch(batch: BatchReader, nextSeq: number): Uint8Array {
  const builder = new BatchBuilder(nextSeq);
  const record = new TrapRecord();
  for (const subject of batch.subjects) builder.subject(subject);
  for (let i = nextSeq - batch.firstSeq; i < batch.count; i++) {
    batch.read(i, record);
    builder.append(record);
  }
  return builder.finish();
}
