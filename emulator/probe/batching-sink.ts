// SPDX-License-Identifier: BSD-2-Clause
import { BatchBuilder } from '../../schema/trace/batch.ts';
import type { Subject } from '../../schema/trace/names.ts';
import type { TraceSink } from '../../schema/trace/sink.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';

/** An encoded batch on its way: `count` records from `firstSeq` on. */
export interface OutgoingBatch {
  readonly bytes: Uint8Array;
  readonly firstSeq: number;
  readonly count: number;
}

export interface BatchingOptions {
  /** Records of a full batch; 2048 unless given. */
  readonly records?: number;
  /** No batch gets larger than this, unless a single record does; 1 MiB unless given. */
  readonly maxBytes?: number;
}

/**
 * Cuts the stream of records into batches: when one is full, and whenever {@link flush} is called. Records must come in
 * sequence from 1. What is in which batch depends on the records and the flushes only, never on time.
 */
export class BatchingSink implements TraceSink {
  private readonly builder = new BatchBuilder();
  private readonly send: (batch: OutgoingBatch) => void;
  private readonly records: number;
  private readonly maxBytes: number;

  constructor(send: (batch: OutgoingBatch) => void, options: BatchingOptions = {}) {
    this.send = send;
    this.records = options.records ?? 2048;
    this.maxBytes = options.maxBytes ?? 1 << 20;
    if (!Number.isInteger(this.records) || this.records < 1) throw new RangeError(`a batch of ${this.records} records`);
  }

  subject(subject: Subject): void {
    this.builder.subject(subject);
    if (this.builder.sizeBound > this.maxBytes) this.cut();
  }

  record(record: TrapRecord): void {
    const { builder } = this;
    if (builder.count > 0 && !builder.hasRoomFor(record, this.maxBytes)) this.cut();
    builder.append(record);
    if (builder.count >= this.records) this.cut();
  }

  /** Sends the records that wait. Subjects that were announced after the last record wait for the next one. */
  flush(): void {
    if (this.builder.count > 0) this.cut();
  }

  /** Sends all that waits, subjects without records too: the end of the run. */
  end(): void {
    if (!this.builder.isEmpty) this.cut();
  }

  private cut(): void {
    const { count } = this.builder;
    const firstSeq = this.builder.nextSeq - count;
    this.send({ bytes: this.builder.finish(), firstSeq, count });
  }
}
