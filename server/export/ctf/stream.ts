// SPDX-License-Identifier: BSD-2-Clause
/** The stream file of a CTF trace: packets, each with a header, a context and events in the order of their times. */
import type { Delivery, Transition, TrapRecord } from '../../../schema/trace/trap-record.ts';
import { ByteBuffer } from '../byte-buffer.ts';
import { PIECE_BYTES, type Encoder } from '../encoder.ts';
import type { KeptAnomaly, RunSource } from '../run-source.ts';
import { ANOMALY_EVENT, DELIVERY_EVENT, TRANSITION_EVENT, TRAP, type EventClass, type PartOf } from './events.ts';
import { traceUuid } from './metadata.ts';

const MAGIC = 0xc1fc_1fc1;

/** Where the parts of the packet context begin. */
const CONTEXT = 4 + 16 + 4;
const TIMESTAMP_END = CONTEXT + 8;
const CONTENT_SIZE = CONTEXT + 16;
const PACKET_SIZE = CONTEXT + 24;

export class CtfStreamEncoder implements Encoder {
  private readonly out = new ByteBuffer(2 * PIECE_BYTES);
  private readonly uuid: Uint8Array;
  private packets = 0;
  private lastTime = 0;

  constructor({ summary }: RunSource) {
    this.uuid = traceUuid(summary.run);
  }

  get full(): boolean {
    return this.out.length >= PIECE_BYTES;
  }

  record(record: TrapRecord, anomalies: readonly KeptAnomaly[]): void {
    this.event(TRAP, record.entryTime, record);
    for (let i = 0; i < record.deliveryCount; i++) {
      this.event<PartOf<Delivery>>(DELIVERY_EVENT, record.exitTime, { record, part: record.deliveries[i]! });
    }
    for (let i = 0; i < record.transitionCount; i++) {
      this.event<PartOf<Transition>>(TRANSITION_EVENT, record.exitTime, { record, part: record.transitions[i]! });
    }
    for (const anomaly of anomalies) this.event(ANOMALY_EVENT, record.exitTime, anomaly);
  }

  /** The packet so far. */
  take(): Uint8Array {
    if (this.out.length > 0) {
      const bits = 8 * this.out.length;
      this.out.patchSafe(TIMESTAMP_END, this.lastTime);
      this.out.patchSafe(CONTENT_SIZE, bits);
      this.out.patchSafe(PACKET_SIZE, bits);
    }
    return this.out.take();
  }

  end(): void {
    // A run without records is a packet without events.
    if (this.packets === 0) this.beginPacket(0);
  }

  private event<Row>({ id, fields }: EventClass<Row>, time: number, row: Row): void {
    if (this.out.length === 0) this.beginPacket(time);
    this.lastTime = time;
    this.out.u8(id);
    this.out.safe(time);
    for (const field of fields) field.write(this.out, row);
  }

  private beginPacket(time: number): void {
    this.out.u32(MAGIC);
    for (const byte of this.uuid) this.out.u8(byte);
    this.out.u32(0);
    this.out.safe(time);
    this.out.safe(time);
    this.out.safe(0);
    this.out.safe(0);
    this.out.safe(this.packets++);
    this.out.safe(0);
  }
}
