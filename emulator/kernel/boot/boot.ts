// SPDX-License-Identifier: BSD-2-Clause
/** The root task: its objects, its capabilities, and what it is told. Manual, "Initial Thread's Environment". */
import {
  CAP_TYPE, INIT_CAP, MAX_PRIORITY, MIN_SCHED_CONTEXT_BITS, NUM_INITIAL_CAPS, OBJECT_BITS, PAGE_BITS, SLOT, SLOT_BITS, ZERO, fromNumber,
  type BootInfo, type Scheduling, type SlotRegion, type UntypedDescription, type Word,
} from '../../../schema/abi/index.ts';
import { VM_RIGHTS, type Capability, type CNodeCap, type FrameCap, type PageTableCap } from '../capability.ts';
import { insertDerived, insertRoot } from '../cspace/derivation.ts';
import type { Kernel } from '../kernel.ts';
import { CNode, Frame, PageTable, SchedContext, Tcb, UntypedRegion, type KernelObject } from '../objects.ts';
import { initDomainSchedule } from '../object/domain.ts';
import { initScheduling, startBootThread } from '../scheduling/scheduler.ts';
import { createAsidPool } from '../vspace/asid.ts';
import { writeLeaf } from '../vspace/frame.ts';
import { walk } from '../vspace/paging.ts';
import { writeBootInfo } from './boot-info-frame.ts';
import { USER_IMAGE_START, deviceBlocks, placeRootObjects, ramBlocks, type Block, type RootObjects } from './memory-map.ts';

export interface BootOptions {
  /** Name of the root thread; its other objects are named after it. */
  readonly name: string;
  /** log2 of the slots of its CNode, 8..20. Default 13. */
  readonly rootCNodeBits?: number;
}

const ROOT_CNODE_BITS = { least: 8, most: 20, default: 13 };
const ROOT_ASID = 1;

/** The root task's image: frames that nothing is loaded into, for programs that want memory of their own. */
const IMAGE_ADDRESS = 0x1_0000;
const IMAGE_FRAMES = 16;
/** Right above the image, as on a real kernel. */
export const ROOT_IPC_BUFFER_ADDRESS: Word = fromNumber(IMAGE_ADDRESS + IMAGE_FRAMES * 2 ** PAGE_BITS.small);
export const BOOT_INFO_ADDRESS: Word = fromNumber(IMAGE_ADDRESS + (IMAGE_FRAMES + 1) * 2 ** PAGE_BITS.small);

/** Makes the root task, ready to run. Its pc is the caller's to set. Throws a RangeError for a CNode size out of range. */
export function bootRootTask(kernel: Kernel, options: BootOptions): { thread: Tcb; bootInfo: BootInfo } {
  const bits = options.rootCNodeBits ?? ROOT_CNODE_BITS.default;
  if (!Number.isInteger(bits) || bits < ROOT_CNODE_BITS.least || bits > ROOT_CNODE_BITS.most) {
    throw new RangeError(`the root CNode has 2^${ROOT_CNODE_BITS.least} to 2^${ROOT_CNODE_BITS.most} slots, not 2^${bits}`);
  }
  initScheduling(kernel);
  initDomainSchedule(kernel);
  return new RootTask(kernel, options.name, bits).build();
}

class RootTask {
  private readonly kernel: Kernel;
  private readonly name: string;
  private readonly scheduling: Scheduling;
  private readonly places: RootObjects;
  private readonly cnode: CNode;
  private nextSlot = NUM_INITIAL_CAPS;

  constructor(kernel: Kernel, name: string, cnodeBits: number) {
    this.kernel = kernel;
    this.name = name;
    this.scheduling = kernel.interfaces.configuration.scheduling;
    this.places = placeRootObjects(this.scheduling, cnodeBits);
    this.cnode = this.register(new CNode(kernel.nextId(), this.places.cnode, cnodeBits, SLOT_BITS), 'CNode');
  }

  build(): { thread: Tcb; bootInfo: BootInfo } {
    const { kernel, cnode, places } = this;
    this.fill(INIT_CAP.irqControl, { type: CAP_TYPE.IRQControl, object: null });
    this.fill(INIT_CAP.asidControl, { type: CAP_TYPE.ASIDControl, object: null });
    this.fill(INIT_CAP.domain, { type: CAP_TYPE.Domain, object: null });

    const vspace = this.makeVSpace();
    const userImagePaging = this.makePaging(vspace.object);
    const bootInfoFrame = this.mapFrame(vspace.object, BOOT_INFO_ADDRESS, places.bootInfo, 'boot info');
    this.fill(INIT_CAP.bootInfoFrame, bootInfoFrame);
    const ipcBuffer = this.mapFrame(vspace.object, ROOT_IPC_BUFFER_ADDRESS, places.ipcBuffer, 'IPC buffer');
    this.fill(INIT_CAP.initThreadIPCBuffer, ipcBuffer);
    const schedControl = this.region(() => {
      if (kernel.mcs) this.append({ type: CAP_TYPE.SchedControl, object: null, core: 0 });
    });
    const userImageFrames = this.region(() => {
      for (let i = 0; i < IMAGE_FRAMES; i++) {
        const offset = i * 2 ** PAGE_BITS.small;
        this.append(this.mapFrame(vspace.object, fromNumber(IMAGE_ADDRESS + offset), USER_IMAGE_START + offset, `image ${i}`));
      }
    });

    const thread = this.makeThread(vspace, ipcBuffer);
    const untypedList: UntypedDescription[] = [];
    const untyped = this.region(() => {
      for (const block of deviceBlocks()) untypedList.push(this.appendUntyped(block, true));
      const imageEnd = USER_IMAGE_START + IMAGE_FRAMES * 2 ** PAGE_BITS.small;
      for (const block of ramBlocks(this.scheduling, imageEnd, places.region)) untypedList.push(this.appendUntyped(block, false));
    });
    const bootInfo: BootInfo = {
      nodeId: 0, numNodes: 1, initThreadCNodeSizeBits: cnode.radix, initThreadDomain: thread.domain,
      empty: { start: this.nextSlot, end: cnode.length },
      userImageFrames, userImagePaging, untyped, untypedList, schedControl,
    };
    writeBootInfo(bootInfoFrame.object, bootInfo, ROOT_IPC_BUFFER_ADDRESS, kernel.mcs);
    return { thread, bootInfo };
  }

  private makeVSpace(): PageTableCap {
    const { kernel } = this;
    const cap: PageTableCap = {
      type: CAP_TYPE.PageTable, object: this.makePageTable(this.places.vspace, 'VSpace'), mapping: { asid: ROOT_ASID, address: ZERO },
    };
    this.fill(INIT_CAP.threadVSpace, cap);
    const pool = createAsidPool(kernel, 0, this.places.asidPool);
    pool.vspaces.set(ROOT_ASID, cap.object);
    this.fill(INIT_CAP.initThreadASIDPool, { type: CAP_TYPE.ASIDPool, object: pool });
    return cap;
  }

  /** The two lower tables for the image, the IPC buffer and the boot information, which lie within 2 MiB. */
  private makePaging(root: PageTable): SlotRegion {
    return this.region(() => {
      for (const [i, paddr] of this.places.pageTables.entries()) {
        const table = this.makePageTable(paddr, `page table ${i + 1}`);
        const place = walk(root, fromNumber(IMAGE_ADDRESS));
        place.table.entries.set(place.index, { table });
        this.append({ type: CAP_TYPE.PageTable, object: table, mapping: { asid: ROOT_ASID, address: ZERO } });
      }
    });
  }

  private makePageTable(paddr: number, name: string): PageTable {
    return this.register(new PageTable(this.kernel.nextId(), paddr, PAGE_BITS.small), name);
  }

  private mapFrame(root: PageTable, address: Word, paddr: number, name: string): FrameCap {
    const frame = this.register(new Frame(this.kernel.nextId(), paddr, PAGE_BITS.small, false), name);
    writeLeaf(walk(root, address), frame, VM_RIGHTS.readWrite, true);
    return { type: CAP_TYPE.Frame, object: frame, rights: VM_RIGHTS.readWrite, mapping: { asid: ROOT_ASID, address } };
  }

  private makeThread(vspace: PageTableCap, ipcBuffer: FrameCap): Tcb {
    const { kernel, cnode } = this;
    const { TCB } = OBJECT_BITS[this.scheduling];
    const thread = this.register(new Tcb(kernel.nextId(), this.places.tcb, TCB!), '');
    this.fill(INIT_CAP.threadTCB, { type: CAP_TYPE.Thread, object: thread });
    const cspace: CNodeCap = { type: CAP_TYPE.CNode, object: cnode, guardSize: 64 - cnode.radix, guard: ZERO };
    this.fill(INIT_CAP.threadCNode, cspace);
    insertDerived(thread.slots.cspace, cspace, cnode.slot(INIT_CAP.threadCNode));
    insertDerived(thread.slots.vspace, vspace, cnode.slot(INIT_CAP.threadVSpace));
    insertDerived(thread.slots.ipcBuffer, { ...ipcBuffer, mapping: null }, cnode.slot(INIT_CAP.initThreadIPCBuffer));
    thread.ipcBufferAddress = ROOT_IPC_BUFFER_ADDRESS;
    thread.priority = MAX_PRIORITY;
    thread.mcp = MAX_PRIORITY;
    thread.registers[2 * SLOT.a0] = BOOT_INFO_ADDRESS.lo;
    startBootThread(kernel, thread, this.makeSchedContext());
    return thread;
  }

  private makeSchedContext(): SchedContext | null {
    const { kernel } = this;
    if (!kernel.mcs) return null;
    const bits = MIN_SCHED_CONTEXT_BITS;
    const object = this.register(new SchedContext(kernel.nextId(), this.places.schedContext, bits), 'scheduling context');
    this.fill(INIT_CAP.initThreadSC, { type: CAP_TYPE.SchedContext, object });
    return object;
  }

  /** Boot memory was never cleared, so all of it counts as used until the first retype. */
  private appendUntyped({ paddr, sizeBits }: Block, isDevice: boolean): UntypedDescription {
    const { kernel } = this;
    const object = kernel.register(new UntypedRegion(kernel.nextId(), paddr, sizeBits, isDevice));
    const slot = this.append({ type: CAP_TYPE.Untyped, object, freeIndex: 2 ** sizeBits });
    return { slot, paddr: BigInt(paddr), sizeBits, isDevice };
  }

  private register<T extends KernelObject>(object: T, part: string): T {
    object.name = part === '' ? this.name : `${this.name} ${part}`;
    return this.kernel.register(object);
  }

  private fill(index: number, cap: Capability): void {
    insertRoot(this.cnode.slot(index), cap);
  }

  /** Puts a capability into the next slot after the fixed ones. Returns its index. */
  private append(cap: Capability): number {
    this.fill(this.nextSlot, cap);
    return this.nextSlot++;
  }

  /** The slots that `fill` appends to. */
  private region(fill: () => void): SlotRegion {
    const start = this.nextSlot;
    fill();
    return { start, end: this.nextSlot };
  }
}
