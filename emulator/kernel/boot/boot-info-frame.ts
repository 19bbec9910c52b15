// SPDX-License-Identifier: BSD-2-Clause
/** The boot information as it stands in memory. Source: `seL4_BootInfo` in `bootinfo_types.h` of libsel4. */
import { fromBigInt, fromNumber, writeWord, type BootInfo, type SlotRegion, type Word } from '../../../schema/abi/index.ts';
import type { Frame } from '../objects.ts';

const NO_SLOTS: SlotRegion = { start: 0, end: 0 };

/**
 * Writes boot information into its frame.
 * @param ipcBuffer virtual address of the root thread's IPC buffer
 * @param mcs whether the structure has the SchedControl slots
 */
export function writeBootInfo(frame: Frame, info: BootInfo, ipcBuffer: Word, mcs: boolean): void {
  const page = frame.page(0);
  let next = 0;
  const word = (w: Word): void => writeWord(page, next++, w);
  const number = (n: number): void => word(fromNumber(n));
  const region = (r: SlotRegion): void => {
    number(r.start);
    number(r.end);
  };
  number(0); // extraLen
  number(info.nodeId);
  number(info.numNodes);
  number(0); // numIOPTLevels
  word(ipcBuffer);
  region(info.empty);
  region(NO_SLOTS); // sharedFrames
  region(info.userImageFrames);
  region(info.userImagePaging);
  region(NO_SLOTS); // ioSpaceCaps
  region(NO_SLOTS); // extraBIPages
  number(info.initThreadCNodeSizeBits);
  number(info.initThreadDomain);
  if (mcs) region(info.schedControl);
  region(info.untyped);
  for (const untyped of info.untypedList) {
    word(fromBigInt(untyped.paddr));
    number(untyped.sizeBits + (untyped.isDevice ? 0x100 : 0));
  }
}
