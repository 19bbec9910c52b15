// SPDX-License-Identifier: BSD-2-Clause
import { STATE } from '../../../schema/abi/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import type { KernelObserver, KernelView } from '../../host.ts';
import type { Machine } from '../boot/machine.ts';
import { exceptionName } from '../boot/machine-end.ts';
import { Capability } from '../image/capability.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { HART } from '../memory/layout.ts';
import { KernelWatch } from './kernel-watch.ts';
import { LabelTranslation } from './label-translation.ts';
import type { ObservedThread } from './observed-thread.ts';

/** What can be asked of a kernel that runs in a machine, whoever runs it. */
export class WatchedKernel implements KernelView {
  /** Those of the stubs, whose labels records have. */
  readonly interfaces: InterfaceModel;
  readonly machine: Machine;
  protected readonly image: KernelImage;
  protected readonly labels: LabelTranslation;
  protected readonly watch: KernelWatch;
  /** Read over and over. */
  protected readonly cap: Capability;

  /** @param speaker whose labels user threads have in their registers */
  constructor(machine: Machine, image: KernelImage, speaker: 'stubs' | 'kernel') {
    this.machine = machine;
    this.image = image;
    this.interfaces = interfacesOf(`riscv64-${image.scheduling}`);
    const labels = (this.labels = new LabelTranslation(this.interfaces, image.interfaces));
    this.watch = new KernelWatch(machine, image, speaker === 'stubs'
      ? { methods: this.interfaces, recorded: (label) => label }
      : { methods: image.interfaces, recorded: (label) => labels.toRecord(label) });
    this.cap = new Capability(image);
  }

  observe(observer: KernelObserver): void {
    this.watch.observe(observer);
  }

  registers(thread: number): Uint32Array {
    return this.thread(thread).registers;
  }

  threadState(thread: number): number {
    return this.watch.threads.get(thread)?.state ?? STATE.Inactive;
  }

  exists(thread: number): boolean {
    return this.watch.threads.get(thread) !== undefined;
  }

  bufferKind(thread: number): number {
    return this.thread(thread).bufferKind;
  }

  bufferLanes(thread: number): Uint32Array | undefined {
    return this.thread(thread).bufferLanes;
  }

  hasSchedContext(thread: number): boolean {
    return this.image.scheduling === 'classic' || this.thread(thread).schedContext !== 0;
  }

  condition(thread: number): number {
    return this.watch.threads.get(thread)?.condition ?? 0;
  }

  hint(thread: number, cptrLo: number, cptrHi: number, name: string): void {
    const slot = this.watch.request.slotOf(this.thread(thread), cptrLo, cptrHi);
    if (slot === undefined) return;
    this.cap.read(this.machine.memory, slot);
    const id = this.watch.objects.idOf(this.cap);
    if (id !== 0) this.watch.objects.rename(id, name);
  }

  /** The kernel took an exception itself: tells observers what it tried to reach; returns what happened, for people. */
  protected ownException(): string {
    const { state } = this.machine;
    const value = state.word(HART.stval);
    const pc = state.word(HART.sepc);
    this.watch.failed(Number(value & 0xffff_ffffn), Number(value >> 32n), Number(pc & 0xffff_ffffn), Number(pc >> 32n));
    return `took an exception itself: ${exceptionName(Number(state.word(HART.scause)))} at ${this.place(pc)}, value 0x${value.toString(16)}`;
  }

  /** A place in the kernel's code, for people. */
  protected place(pc: bigint): string {
    const symbol = this.image.symbols.at(pc);
    return `pc 0x${pc.toString(16)}${symbol === undefined ? '' : ` (${symbol.name})`}`;
  }

  protected thread(id: number): ObservedThread {
    const thread = this.watch.threads.getOrGone(id);
    if (thread === undefined) throw new RangeError(`no thread ${id}`);
    return thread;
  }
}
