// SPDX-License-Identifier: BSD-2-Clause
/** Writer of flattened device trees (Devicetree Specification 0.4, chapter 5), version 17. */

/** Cells of 32 bits, one text, several texts, or nothing (`true`). */
export type PropertyValue = readonly number[] | string | readonly string[] | true;

export interface DeviceTreeNode {
  /** With unit address; empty for the root. */
  readonly name: string;
  readonly properties: Readonly<Record<string, PropertyValue>>;
  readonly children?: readonly DeviceTreeNode[];
}

export const FDT_MAGIC = 0xd00dfeed;
const HEADER_BYTES = 40;
const RESERVATION_BYTES = 16;
const BEGIN_NODE = 1;
const END_NODE = 2;
const PROP = 3;
const END = 9;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;

/** Two cells for a 64-bit number below 2^53. */
export function cells64(value: number): [number, number] {
  return [Math.floor(value / 0x1_0000_0000), value >>> 0];
}

/** The blob of a tree, with an empty memory reservation block. */
export function flatten(root: DeviceTreeNode): Uint8Array {
  const names = new StringTable();
  const structure = new Output();
  writeNode(root, structure, names);
  structure.cell(END);
  const structureAt = HEADER_BYTES + RESERVATION_BYTES;
  const stringsAt = structureAt + structure.bytes.length;
  const strings = names.bytes();
  const header = new Output();
  for (const cell of [
    FDT_MAGIC, stringsAt + strings.length, structureAt, stringsAt, HEADER_BYTES, VERSION, LAST_COMPATIBLE_VERSION, 0, strings.length, structure.bytes.length,
  ]) header.cell(cell);
  return Uint8Array.from([...header.bytes, ...new Uint8Array(RESERVATION_BYTES), ...structure.bytes, ...strings]);
}

/** Size of a device tree blob by its header; undefined for what is none, or is cut short. */
export function deviceTreeBytes(data: Uint8Array): number | undefined {
  if (data.length < HEADER_BYTES) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const bytes = view.getUint32(4);
  return view.getUint32(0) === FDT_MAGIC && bytes >= HEADER_BYTES && bytes <= data.length ? bytes : undefined;
}

function writeNode(node: DeviceTreeNode, out: Output, names: StringTable): void {
  out.cell(BEGIN_NODE);
  out.text(node.name);
  out.align();
  for (const [name, value] of Object.entries(node.properties)) {
    const content = valueBytes(value);
    out.cell(PROP);
    out.cell(content.length);
    out.cell(names.offset(name));
    out.bytes.push(...content);
    out.align();
  }
  for (const child of node.children ?? []) writeNode(child, out, names);
  out.cell(END_NODE);
}

function valueBytes(value: PropertyValue): number[] {
  const out = new Output();
  if (typeof value === 'string') out.text(value);
  else if (value !== true) for (const each of value) {
    if (typeof each === 'string') out.text(each);
    else out.cell(each);
  }
  return out.bytes;
}

class Output {
  readonly bytes: number[] = [];

  cell(value: number): void {
    this.bytes.push(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  }

  /** With its terminating zero. */
  text(value: string): void {
    this.bytes.push(...new TextEncoder().encode(value), 0);
  }

  align(): void {
    while (this.bytes.length % 4 !== 0) this.bytes.push(0);
  }
}

/** Property names, each once. */
class StringTable {
  private readonly offsets = new Map<string, number>();
  private readonly out = new Output();

  offset(name: string): number {
    let offset = this.offsets.get(name);
    if (offset === undefined) {
      offset = this.out.bytes.length;
      this.offsets.set(name, offset);
      this.out.text(name);
    }
    return offset;
  }

  bytes(): readonly number[] {
    return this.out.bytes;
  }
}
