// SPDX-License-Identifier: BSD-2-Clause
/** Fields of protobuf messages; https://protobuf.dev/programming-guides/encoding. */
import { ByteBuffer } from '../byte-buffer.ts';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** A message in the making. Each is used again and again, so that long traces make no garbage. */
export class ProtoMessage {
  readonly bytes = new ByteBuffer(1024);

  /** A safe non-negative integer. It is written also when it is 0: readers tell an absent field from a zero one. */
  uint(field: number, value: number): void {
    this.key(field, VARINT);
    this.bytes.varint(value);
  }

  /** A 64-bit word from its lanes. */
  word(field: number, lo: number, hi: number): void {
    this.key(field, VARINT);
    this.bytes.varintWord(lo, hi);
  }

  /** A safe non-negative integer of a fixed64 field. */
  fixed(field: number, value: number): void {
    this.key(field, FIXED64);
    this.bytes.safe(value);
  }

  text(field: number, value: string): void {
    this.key(field, LENGTH_DELIMITED);
    this.bytes.varint(Buffer.byteLength(value));
    this.bytes.text(value);
  }

  /** A message within this one; it is empty afterwards. */
  message(field: number, inner: ProtoMessage): void {
    this.key(field, LENGTH_DELIMITED);
    this.bytes.varint(inner.bytes.length);
    this.bytes.append(inner.bytes);
    inner.bytes.clear();
  }

  private key(field: number, type: number): void {
    this.bytes.varint(8 * field + type);
  }
}
