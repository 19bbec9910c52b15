// SPDX-License-Identifier: BSD-2-Clause
/**
 * Initial capability slots of the root task and the boot information it receives.
 * Source: manual, "Initial Thread's Environment"; `bootinfo_types.h` of libsel4.
 */

/** Slots of the root CNode that the kernel fills at boot. */
export const INIT_CAP = Object.freeze({
  null: 0, threadTCB: 1, threadCNode: 2, threadVSpace: 3, irqControl: 4, asidControl: 5, initThreadASIDPool: 6,
  ioPortControl: 7, ioSpace: 8, bootInfoFrame: 9, initThreadIPCBuffer: 10, domain: 11, smmuSIDControl: 12,
  smmuCBControl: 13, initThreadSC: 14, smc: 15,
});
/** First slot after the fixed ones (`seL4_NumInitialCaps`). */
export const NUM_INITIAL_CAPS = 16;

/** A range of root CNode slots: `start` inclusive, `end` exclusive. */
export interface SlotRegion {
  readonly start: number;
  readonly end: number;
}

export interface UntypedDescription {
  /** Slot of the untyped capability in the root CNode. */
  readonly slot: number;
  /** Physical address in bytes. */
  readonly paddr: bigint;
  readonly sizeBits: number;
  readonly isDevice: boolean;
}

/** What the root task knows of the system (`seL4_BootInfo`). */
export interface BootInfo {
  readonly nodeId: number;
  readonly numNodes: number;
  /** Bits of the root CNode; its depth is 64 with the guard. */
  readonly initThreadCNodeSizeBits: number;
  readonly initThreadDomain: number;
  readonly empty: SlotRegion;
  readonly userImageFrames: SlotRegion;
  readonly userImagePaging: SlotRegion;
  readonly untyped: SlotRegion;
  readonly untypedList: readonly UntypedDescription[];
  /**
   * MCS: log2 of the bytes of the smallest scheduling context, which the libsel4 of each release has compiled in. That of the
   * stubs, `MIN_SCHED_CONTEXT_BITS`, if not given.
   */
  readonly minSchedContextBits?: number;
  /** MCS: slot of the root task's scheduling context, as the kernel's libsel4 has it; `INIT_CAP.initThreadSC` if not given. */
  readonly initThreadSC?: number;
  /** MCS: one SchedControl capability for each node. Empty on classic. */
  readonly schedControl: SlotRegion;
}
