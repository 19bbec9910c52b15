// SPDX-License-Identifier: BSD-2-Clause
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { BootError, hex } from './boot-error.ts';
import { loadable, segmentData, type ElfFile } from './elf64.ts';

/** Physical memory that was filled, end exclusive. */
export interface Placement {
  readonly start: number;
  readonly end: number;
}

/**
 * Puts the segments of a file at their physical addresses, moved by `offset`. Memory that the file has no bytes for stays
 * zero.
 */
export function loadSegments(file: ElfFile, memory: PhysicalMemory, offset = 0n): Placement {
  const segments = loadable(file);
  const ramEnd = memory.base + memory.bytes;
  const total = segments.reduce((sum, each) => sum + each.memoryBytes, 0);
  if (total > memory.bytes) throw new BootError(`${file.name}: needs ${hex(total)} bytes, RAM has ${hex(memory.bytes)}`);
  const placed = segments.map((segment, i) => {
    const start = segment.physicalAddress + offset;
    if (start < BigInt(memory.base) || start + BigInt(segment.memoryBytes) > BigInt(ramEnd)) {
      const range = `${hex(start)} to ${hex(start + BigInt(segment.memoryBytes))}`;
      throw new BootError(`${file.name}: loadable segment ${i} at ${range} lies outside RAM (${hex(memory.base)} to ${hex(ramEnd)})`);
    }
    memory.write(Number(start), segmentData(file, segment));
    return { start: Number(start), end: Number(start) + segment.memoryBytes };
  });
  return { start: Math.min(...placed.map((each) => each.start)), end: Math.max(...placed.map((each) => each.end)) };
}

/** Puts bytes at a physical address. */
export function loadBytes(name: string, data: Uint8Array, at: number, memory: PhysicalMemory): Placement {
  if (!memory.contains(at, data.length)) {
    throw new BootError(`${name}: ${hex(data.length)} bytes at ${hex(at)} do not fit into RAM (${hex(memory.base)} to ${hex(memory.base + memory.bytes)})`);
  }
  memory.write(at, data);
  return { start: at, end: at + data.length };
}
