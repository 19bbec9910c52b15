// SPDX-License-Identifier: BSD-2-Clause
import type { OutgoingBatch } from './batching-sink.ts';
import { TraceError } from './trace-error.ts';

/**
 * Batches that the service has not acknowledged, in sequence order: first those that were sent on the present
 * connection, then those that were not. It knows no sockets.
 */
export class SendQueue {
  private batches: OutgoingBatch[] = [];
  private sent = 0;
  /** All records up to this one are committed by the service. */
  private committed = 0;
  private last = 0;

  /** Batches that are not acknowledged. */
  get length(): number {
    return this.batches.length;
  }

  get committedSeq(): number {
    return this.committed;
  }

  /** Sequence number of the last record that was ever put in. */
  get lastSeq(): number {
    return this.last;
  }

  get allSent(): boolean {
    return this.sent === this.batches.length;
  }

  /** Records were sent on the present connection and are not acknowledged. */
  get owesAnswer(): boolean {
    return this.sentSeq > this.committed;
  }

  /** Throws a RangeError for a batch that does not follow the last one. */
  push(batch: OutgoingBatch): void {
    if (batch.firstSeq !== this.last + 1) throw new RangeError(`a batch from record ${batch.firstSeq} on, where ${this.last + 1} is next`);
    this.batches.push(batch);
    this.last += batch.count;
  }

  /** The next batch to send, unless `window` batches are under way already. It counts as sent. */
  takeUnsent(window: number): OutgoingBatch | undefined {
    return this.sent < window ? this.batches[this.sent] && this.batches[this.sent++] : undefined;
  }

  /** Takes note of an acknowledgement. Throws a TraceError for one that cannot be. */
  acknowledge(seq: number): void {
    if (seq < this.committed || seq > this.sentSeq) {
      throw new TraceError('protocol', `the trace service acknowledged record ${seq}, where ${this.committed} to ${this.sentSeq} were possible`);
    }
    this.drop(seq);
  }

  /** The service has everything: nothing is left, batches without records included. */
  finish(): void {
    this.batches = [];
    this.sent = 0;
    this.committed = this.last;
  }

  /** A new connection, on which the service wants to go on with record `next`. Throws a TraceError when that cannot be done. */
  resume(next: number): void {
    if (next <= this.committed) {
      throw new TraceError('protocol', `the trace service has lost records: it wants to go on with ${next}, but it had acknowledged all up to ${this.committed}`);
    }
    if (next > this.last + 1) {
      throw new TraceError('protocol', `the trace service wants to go on with record ${next}, but this run has no more than ${this.last}`);
    }
    this.drop(next - 1);
    this.sent = 0;
  }

  /** Last record that was sent on the present connection or is committed. */
  private get sentSeq(): number {
    return this.sent === 0 ? this.committed : Math.max(this.committed, lastSeqOf(this.batches[this.sent - 1]!));
  }

  private drop(seq: number): void {
    let acknowledged = 0;
    while (acknowledged < this.batches.length && isCommitted(this.batches[acknowledged]!, seq)) acknowledged++;
    if (acknowledged > 0) this.batches.splice(0, acknowledged);
    this.sent = Math.max(0, this.sent - acknowledged);
    this.committed = seq;
  }
}

function lastSeqOf(batch: OutgoingBatch): number {
  return batch.firstSeq + batch.count - 1;
}

/** A batch without records is known to be committed only when a later record is. */
function isCommitted(batch: OutgoingBatch, seq: number): boolean {
  return (batch.count === 0 ? batch.firstSeq : lastSeqOf(batch)) <= seq;
}
