// SPDX-License-Identifier: BSD-2-Clause
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { BatchReader, BatchScan } from '../../schema/trace/batch.ts';
import { DELIVERY } from '../../schema/trace/trap-record.ts';
import type { Cell, ChunkColumn } from './chunk-columns.ts';

type Transitions = ReturnType<BatchScan['transitions']>;

/** One chunk of a run, of which only what is asked for is decoded, and that once. */
export class Chunk {
  readonly scan: BatchScan;
  readonly interfaces: InterfaceModel;
  /** Name of a thread or object; null when none is known. */
  readonly nameOf: (id: number) => string | null;
  private readonly body: Uint8Array;
  private readonly known = new Map<ChunkColumn, (row: number) => Cell>();
  private decoded: BatchReader | undefined;
  private changes: Transitions | undefined;
  private replies: Int32Array | undefined;
  private givers: Uint32Array | undefined;
  private changers: Uint32Array | undefined;

  constructor(body: Uint8Array, interfaces: InterfaceModel, nameOf: (id: number) => string | null) {
    this.body = body;
    this.scan = new BatchScan(body);
    this.interfaces = interfaces;
    this.nameOf = nameOf;
  }

  /** Reads a column row by row. */
  cells(column: ChunkColumn): (row: number) => Cell {
    let cells = this.known.get(column);
    if (cells === undefined) this.known.set(column, (cells = column.of(this)));
    return cells;
  }

  /** Everything: about ten times the cost of a few columns. */
  get reader(): BatchReader {
    return (this.decoded ??= new BatchReader(this.body));
  }

  get entryTimes(): Float64Array {
    return this.scan.entryTimes();
  }

  get transitions(): Transitions {
    return (this.changes ??= this.scan.transitions());
  }

  /** For each record, the index of the delivery by which its invoker received a message in that very trap, or -1. */
  get ownReplies(): Int32Array {
    return (this.replies ??= this.findOwnReplies());
  }

  /** For each delivery, the index of its record. */
  get recordOfDelivery(): Uint32Array {
    return (this.givers ??= recordOf(this.reader.firstDelivery));
  }

  /** For each transition, the index of its record. */
  get recordOfTransition(): Uint32Array {
    return (this.changers ??= recordOf(this.transitions.first));
  }

  private findOwnReplies(): Int32Array {
    const { count, firstDelivery, deliveries, records } = this.reader;
    const found = new Int32Array(count).fill(-1);
    for (let row = 0; row < count; row++) {
      for (let i = firstDelivery[row + 1]! - 1; i >= firstDelivery[row]!; i--) {
        const kind = deliveries.kind[i];
        const isMessage = kind === DELIVERY.reply || kind === DELIVERY.message || kind === DELIVERY.fault;
        if (isMessage && deliveries.thread[i] === records.thread[row]) found[row] = i;
      }
    }
    return found;
  }
}

/** The inverse of running totals: to which row each element belongs. */
function recordOf(first: Uint32Array): Uint32Array {
  const rows = new Uint32Array(first.at(-1)!);
  for (let row = 0; row + 1 < first.length; row++) rows.fill(row, first[row], first[row + 1]);
  return rows;
}
