// SPDX-License-Identifier: BSD-2-Clause
/** Objects that many cases need. */
import type { Capability, CNode, RISCVPage, RISCVPageTable, RootTask, SchedContext, TCB, ThreadRuntime, Untyped, WordLike } from 'sel4scope';
import { OBJECT_TYPES, type ObjectTypeName } from 'sel4scope/schema';
import type { Auditor, Started } from './auditor.ts';

/** All 64 bits of a capability pointer are resolved in the root task's CSpace. */
export const DEPTH = 64;
/** A capability pointer that leads to no slot: the guard of the root CNode does not match. */
export const NO_SLOT = 1n << 40n;
/** First address that belongs to the kernel. */
export const KERNEL_ADDRESS = 0xffff_ffc0_0000_0000n;

export function objectType(a: Auditor, name: ObjectTypeName): number {
  return OBJECT_TYPES[a.model.configuration.scheduling][name]!;
}

/** A capability in a slot, of the class of another one: that of the kernel's configuration. */
export function sameClass<T extends Capability>(like: T, slot: WordLike): T {
  return new (like.constructor as new (runtime: ThreadRuntime, cptr: WordLike) => T)(like.runtime, slot);
}

/** A thread that was never resumed and has nothing. */
export function bareThread(a: Auditor): Promise<TCB> {
  return a.create('TCB', { name: 'audited' });
}

/** A thread with all it needs to run, suspended. */
export function idleThread(a: Auditor): Promise<Started> {
  return a.start({ name: 'audited', run: () => {}, priority: 10, start: false });
}

/** A small CNode. */
export function smallCNode(a: Auditor): Promise<CNode> {
  return a.create('CapTable', { sizeBits: 4 });
}

/** Untyped memory with an object in it: a capability that cannot be copied. */
export async function retypedUntyped(a: Auditor, sizeBits = 12): Promise<Untyped> {
  const untyped = await a.create('Untyped', { sizeBits });
  await untyped.retype(objectType(a, 'Endpoint'), 0, a.task.cnode, 0, 0, a.emptySlot(), 1);
  return untyped;
}

/** A frame of device memory. */
export async function deviceFrame({ task }: { readonly task: RootTask }): Promise<RISCVPage> {
  const at = task.bootInfo.untypedList.findIndex(({ isDevice, sizeBits }) => isDevice && sizeBits >= 12);
  const slot = task.slots.allocate();
  await task.initialUntypeds[at]!.retype(OBJECT_TYPES[task.runtime.scheduling].RISCV_4K_Page!, 0, task.cnode, 0, 0, slot, 1);
  return sameClass(task.rootIpcBuffer, slot);
}

/** The root of another address space. */
export async function otherVSpace(a: Auditor): Promise<RISCVPageTable> {
  const root = await a.create('RISCV_PageTable', { name: 'other VSpace' });
  await a.task.asidPool.assign(root);
  return root;
}

/** A frame that is mapped, in a region whose page tables exist. */
export async function mappedFrame(a: Auditor): Promise<{ frame: RISCVPage; address: number }> {
  const frame = await a.create('RISCV_4K_Page');
  return { frame, address: await a.task.map(frame) };
}

/** The start of 2 MiB that nothing else uses: its last page table does not exist. */
export function unmappedRegion(a: Auditor): number {
  return a.task.resources.addresses.allocate(21);
}

/** MCS: a scheduling context with parameters, bound to nothing. */
export async function configuredContext(a: Auditor): Promise<SchedContext> {
  const schedContext = await a.create('SchedContext', { sizeBits: 8 });
  await a.task.schedControl().configureFlags(schedContext, 1000, 2000, 0, 0, 0);
  return schedContext;
}
