// SPDX-License-Identifier: BSD-2-Clause
/** Which threads and objects there are: what a trap made, destroyed, named or gave another IPC buffer. */
import { CAP_TYPE, ROLE, STATE, tagLabel } from '../../../schema/abi/index.ts';
import { Capability, SLOT_BYTES } from '../image/capability.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import type { ObjectTable } from './object-table.ts';
import type { ObservedThread } from './observed-thread.ts';
import type { Observers } from './observers.ts';
import type { ThreadTable } from './thread-table.ts';
import type { TrapRequest } from './trap-request.ts';

export class Population {
  /** Threads of this trap whose IPC buffer or name was written. */
  readonly withNewBuffer = new Set<ObservedThread>();
  readonly withNewName = new Set<ObservedThread>();
  /** The kernel's list of threads was written in this trap. */
  listChanged = false;
  private readonly memory: PhysicalMemory;
  private readonly image: KernelImage;
  private readonly threads: ThreadTable;
  private readonly objects: ObjectTable;
  private readonly observers: Observers;
  private readonly cap: Capability;

  constructor(memory: PhysicalMemory, image: KernelImage, threads: ThreadTable, objects: ObjectTable, observers: Observers) {
    this.memory = memory;
    this.image = image;
    this.threads = threads;
    this.objects = objects;
    this.observers = observers;
    this.cap = new Capability(image);
  }

  /** Takes over what a trap changed, at its end. `touched` are the threads that were written to. */
  update(request: TrapRequest, invoker: ObservedThread | undefined, touched: readonly ObservedThread[]): void {
    if (this.withNewName.size > 0) this.readNewNames();
    if (this.listChanged) for (const thread of this.threads.compareWithList()) this.destroy(thread);
    this.listChanged = false;
    if (!this.image.debug && request.mayDestroy) this.destroyBareThreads(touched);
    if (request.retype !== undefined && !isRefused(request, invoker)) this.registerCreated(request.retype.firstSlot, request.retype.count);
    if (this.withNewBuffer.size > 0) this.readNewBuffers();
  }

  private readNewNames(): void {
    for (const thread of this.withNewName) this.threads.readName(thread);
    this.withNewName.clear();
  }

  private readNewBuffers(): void {
    for (const thread of this.withNewBuffer) if (this.threads.known(thread.tcb) === thread) this.threads.readBuffer(thread);
    this.withNewBuffer.clear();
  }

  private destroy(thread: ObservedThread): void {
    this.observers.destroyed(thread.id);
    this.threads.remove(thread);
  }

  /** Without a list of threads: one that a deletion made inactive, and that has no capabilities left, was destroyed. */
  private destroyBareThreads(touched: readonly ObservedThread[]): void {
    for (const thread of touched) {
      if (thread.stateWritten && thread.shownState === STATE.Inactive && thread.isBare) this.destroy(thread);
    }
  }

  private registerCreated(firstSlot: number, count: number): void {
    const { cap } = this;
    for (let i = 0; i < count; i++) {
      cap.read(this.memory, firstSlot + i * SLOT_BYTES);
      if (cap.type === CAP_TYPE.Null) return;
      if (cap.type === CAP_TYPE.Thread) {
        // A debug kernel's list has told of it already.
        if (this.image.debug) continue;
        const old = this.threads.known(cap.object);
        if (old !== undefined) this.destroy(old);
        this.threads.at(cap.object);
      } else {
        this.objects.created(cap);
      }
    }
  }
}

/** Whether the kernel answered a Retype with an error. */
function isRefused({ isCall }: TrapRequest, invoker: ObservedThread | undefined): boolean {
  return isCall && invoker !== undefined && tagLabel(invoker.registers[2 * ROLE.tag]!, invoker.registers[2 * ROLE.tag + 1]!) !== 0;
}
