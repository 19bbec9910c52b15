// SPDX-License-Identifier: BSD-2-Clause
import { SLOT_BITS, type BootInfo, type SlotRegion, type UntypedDescription } from '../../../schema/abi/index.ts';
import type { KernelLayout } from '../image/layout.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';

const UNTYPED_DESCRIPTION_BYTES = 16;
/** Root CNodes are not larger than this, nor are slot numbers: a frame that says otherwise is no boot information. */
const MOST_CNODE_BITS = 40 - SLOT_BITS;

/** Reads what the kernel tells the root task, from the frame at a physical address. Throws RangeError for nonsense. */
export function readBootInfo(memory: PhysicalMemory, frame: number, { bootInfo: layout, schedContext }: KernelLayout): BootInfo {
  const word = (offset: number): number => {
    const value = memory.readWord(frame + offset);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`the boot information at 0x${frame.toString(16)} has 0x${value.toString(16)} at offset ${offset}`);
    return Number(value);
  };
  const region = (offset: number): SlotRegion => ({ start: word(offset), end: word(offset + 8) });
  const cnodeBits = word(layout.cnodeSizeBits);
  if (cnodeBits > MOST_CNODE_BITS) throw new RangeError(`the boot information at 0x${frame.toString(16)} has a root CNode of 2^${cnodeBits} slots`);
  const untyped = region(layout.untyped);
  const untypedList = Array.from({ length: untyped.end - untyped.start }, (_, i): UntypedDescription => {
    const at = frame + layout.untypedList + i * UNTYPED_DESCRIPTION_BYTES;
    const octet = (offset: number): number => memory.read(at + offset, 1)[0]!;
    return { slot: untyped.start + i, paddr: memory.readWord(at), sizeBits: octet(layout.untypedSizeBits), isDevice: octet(layout.untypedIsDevice) !== 0 };
  });
  return {
    nodeId: word(layout.nodeId), numNodes: word(layout.numNodes), initThreadCNodeSizeBits: cnodeBits, initThreadDomain: word(layout.domain),
    empty: region(layout.empty), userImageFrames: region(layout.userImageFrames), userImagePaging: region(layout.userImagePaging),
    untyped, untypedList, schedControl: layout.schedControl === undefined ? { start: untyped.start, end: untyped.start } : region(layout.schedControl),
    ...(schedContext === undefined ? {} : { minSchedContextBits: schedContext.minBits }),
    ...(layout.initThreadSC === undefined ? {} : { initThreadSC: layout.initThreadSC }),
  };
}
