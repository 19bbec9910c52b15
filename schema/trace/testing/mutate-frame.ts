// SPDX-License-Identifier: BSD-2-Clause
/**
 * Malformed frames out of real ones. A frame is nested protobuf messages, so that a byte changed at random mostly breaks the
 * outline and is refused at once; mutations of fields keep the outline whole and reach the checks behind it.
 */
import type { Below } from '../random-record.ts';

interface Field {
  readonly number: number;
  readonly wireType: number;
  /** The varint, or the length-delimited content. */
  readonly content: Uint8Array;
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Values at which checks have their edges. */
const EDGES: readonly bigint[] = [0n, 1n, 2n, 7n, 0x7fn, 0x80n, 0x3fffn, 0x4000n, 0xffffn, 0x1_0000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
  (1n << 53n) - 1n, 1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];

/** A frame that is `frame` with one to four changes, some of them taken from `other`. */
export function mutateFrame(frame: Uint8Array, other: Uint8Array, below: Below): Uint8Array {
  let mutated = frame;
  for (let changes = 1 + below(4); changes > 0; changes--) {
    mutated = below(3) === 0 ? mutateBytes(mutated, other, below) : mutateFields(mutated, other, below, 0);
  }
  return mutated;
}

function mutateBytes(bytes: Uint8Array, other: Uint8Array, below: Below): Uint8Array {
  const at = below(bytes.length + 1);
  switch (below(5)) {
    case 0: return bytes.slice(0, at);
    case 1: return changed(bytes, at, 1 << below(8));
    case 2: return changed(bytes, at, 1 + below(255));
    case 3: return joined(bytes.subarray(0, at), randomBytes(below, 1 + below(8)), bytes.subarray(at));
    default: {
      const from = below(other.length + 1);
      return joined(bytes.subarray(0, at), other.subarray(from, from + below(64)), bytes.subarray(Math.min(bytes.length, at + below(64))));
    }
  }
}

/** Changes a field of the message, or one of a message inside it. */
function mutateFields(bytes: Uint8Array, other: Uint8Array, below: Below, depth: number): Uint8Array {
  const fields = readFields(bytes);
  if (fields === undefined || fields.length === 0) return mutateBytes(bytes, other, below);
  const i = below(fields.length);
  const field = fields[i]!;
  const nested = field.wireType === LENGTH_DELIMITED && depth < 2 && readFields(field.content) !== undefined && field.content.length > 0;
  if (nested && (fields.length === 1 || below(2) === 0)) {
    const inner = readFields(other)?.find(({ wireType, number }) => wireType === LENGTH_DELIMITED && number === field.number)?.content ?? other;
    fields[i] = { ...field, content: mutateFields(field.content, inner, below, depth + 1) };
    return writeFields(fields);
  }
  switch (below(8)) {
    case 0: fields.splice(i, 1); break;
    case 1: fields.splice(below(fields.length + 1), 0, field); break;
    case 2: fields[i] = { ...field, number: 1 + below(70) }; break;
    case 3: fields[i] = { ...field, wireType: field.wireType === VARINT ? LENGTH_DELIMITED : VARINT }; break;
    case 4: {
      const donors = readFields(other) ?? [];
      if (donors.length > 0) fields[i] = { ...donors[below(donors.length)]!, number: field.number };
      break;
    }
    case 5: fields[i] = { ...field, content: mutateBytes(field.content, other, below) }; break;
    default: fields[i] = { ...field, content: field.wireType === VARINT ? varint(anyNumber(below)) : mutateColumn(field.content, below) };
  }
  return writeFields(fields);
}

/** The content as a packed column of varints: one value is changed, dropped or added. */
function mutateColumn(content: Uint8Array, below: Below): Uint8Array {
  const ends: number[] = [];
  content.forEach((byte, i) => { if (byte < 0x80) ends.push(i + 1); });
  if (ends.length === 0) return varint(anyNumber(below));
  const at = below(ends.length);
  const [start, end] = [at === 0 ? 0 : ends[at - 1]!, ends[at]!];
  const value = [varint(anyNumber(below)), new Uint8Array(0), joined(content.subarray(start, end), content.subarray(start, end))][below(3)]!;
  return joined(content.subarray(0, start), value, content.subarray(end));
}

function anyNumber(below: Below): bigint {
  if (below(2) === 0) return EDGES[below(EDGES.length)]!;
  return BigInt(below(0x1_0000)) >> BigInt(below(16));
}

function readFields(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const keyEnd = varintEnd(bytes, at);
    if (keyEnd === undefined || keyEnd - at > 3) return undefined;
    const key = varintValue(bytes, at, keyEnd);
    const [number, wireType] = [key >>> 3, key & 7];
    const valueEnd = varintEnd(bytes, keyEnd);
    if (number === 0 || valueEnd === undefined) return undefined;
    if (wireType === VARINT) {
      fields.push({ number, wireType, content: bytes.slice(keyEnd, valueEnd) });
      at = valueEnd;
    } else if (wireType === LENGTH_DELIMITED && valueEnd - keyEnd <= 4) {
      const end = valueEnd + varintValue(bytes, keyEnd, valueEnd);
      if (end > bytes.length) return undefined;
      fields.push({ number, wireType, content: bytes.slice(valueEnd, end) });
      at = end;
    } else {
      return undefined;
    }
  }
  return fields;
}

function writeFields(fields: readonly Field[]): Uint8Array {
  return joined(...fields.flatMap(({ number, wireType, content }) => [
    varint(BigInt(number * 8 + wireType)), ...(wireType === LENGTH_DELIMITED ? [varint(BigInt(content.length))] : []), content,
  ]));
}

/** Behind the last byte of a varint of at most ten bytes. */
function varintEnd(bytes: Uint8Array, at: number): number | undefined {
  for (let end = at; end < Math.min(bytes.length, at + 10); end++) if (bytes[end]! < 0x80) return end + 1;
  return undefined;
}

/** Of a varint of at most four bytes. */
function varintValue(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let i = end - 1; i >= at; i--) value = value * 128 + (bytes[i]! & 0x7f);
  return value;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (; value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  bytes.push(Number(value));
  return Uint8Array.from(bytes);
}

function randomBytes(below: Below, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(256));
}

function changed(bytes: Uint8Array, at: number, difference: number): Uint8Array {
  const copy = bytes.slice();
  if (at < copy.length) copy[at]! ^= difference;
  return copy;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
