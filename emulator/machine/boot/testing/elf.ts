// SPDX-License-Identifier: BSD-2-Clause
/** Writes small ELF files for tests. */

export interface TestSegment {
  readonly virtualAddress: bigint;
  readonly physicalAddress?: bigint;
  readonly data: Uint8Array;
  /** As much as data if not given. */
  readonly memoryBytes?: number;
}

const HEADER = 64;
const PROGRAM_HEADER = 56;

/** A RISC-V executable with loadable segments and no sections. */
export function elfOf(entry: bigint, segments: readonly TestSegment[]): Uint8Array {
  const start = HEADER + PROGRAM_HEADER * segments.length;
  const file = new Uint8Array(start + segments.reduce((sum, each) => sum + each.data.length, 0));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(HEADER), true);
  view.setUint16(52, HEADER, true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, segments.length, true);
  let offset = start;
  segments.forEach((segment, i) => {
    const at = HEADER + PROGRAM_HEADER * i;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 7, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, segment.virtualAddress, true);
    view.setBigUint64(at + 24, segment.physicalAddress ?? segment.virtualAddress, true);
    view.setBigUint64(at + 32, BigInt(segment.data.length), true);
    view.setBigUint64(at + 40, BigInt(segment.memoryBytes ?? segment.data.length), true);
    view.setBigUint64(at + 48, 0x1000n, true);
    file.set(segment.data, offset);
    offset += segment.data.length;
  });
  return file;
}

/** A copy with bytes replaced from an offset on. */
export function patched(file: Uint8Array, offset: number, ...bytes: number[]): Uint8Array {
  const copy = file.slice();
  copy.set(bytes, offset);
  return copy;
}
