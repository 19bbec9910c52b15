// SPDX-License-Identifier: BSD-2-Clause
/** Threads of an seL4 kernel as the debugger sees them, read from the kernel's memory. */
import { CAP_TYPE, RISCV64_SLOTS, SLOT, STATE, THREAD_STATES } from '../../../schema/abi/index.ts';
import { Capability } from '../image/capability.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { listedTcbs, pointerAt } from '../image/thread-list.ts';
import { INTEGER_REGISTERS } from '../isa/registers.ts';
import { PAGE_BYTES } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { PC_REGISTER, type GdbThread } from './target.ts';

const NAME_BYTES = 256;
/** Slot of each x register in a saved context; x0 is not saved. */
const SLOT_OF_X = INTEGER_REGISTERS.map((name) => (RISCV64_SLOTS as readonly string[]).indexOf(name));

export class KernelThreads {
  private readonly memory: PhysicalMemory;
  private readonly image: KernelImage;
  private readonly cap: Capability;
  /** Ids by TCB; id 1 is the hart's. */
  private readonly ids = new Map<number, number>();
  private readonly tcbs: number[] = [];
  private readonly firstId: number;

  constructor(memory: PhysicalMemory, image: KernelImage, firstId: number) {
    this.memory = memory;
    this.image = image;
    this.firstId = firstId;
    this.cap = new Capability(image);
  }

  /** The threads that there are: all of a debug kernel, the running one of others. */
  list(): readonly GdbThread[] {
    const running = this.running();
    const tcbs = new Set([...listedTcbs(this.memory, this.image), ...(running === undefined ? [] : [running])]);
    tcbs.delete(pointerAt(this.memory, this.image.globals.idleThread));
    return [...tcbs].filter((tcb) => this.memory.contains(tcb, 8)).map((tcb) => ({ id: this.idOf(tcb), name: this.nameOf(tcb), state: this.stateName(tcb) }));
  }

  /** TCB that the kernel has as the current one; undefined before it is up. */
  running(): number | undefined {
    const tcb = pointerAt(this.memory, this.image.globals.curThread);
    return tcb === 0 ? undefined : tcb;
  }

  idOf(tcb: number): number {
    let id = this.ids.get(tcb);
    if (id === undefined) {
      id = this.firstId + this.tcbs.push(tcb) - 1;
      this.ids.set(tcb, id);
    }
    return id;
  }

  tcbOf(id: number): number | undefined {
    return this.tcbs[id - this.firstId];
  }

  /** x0..x31 and pc as the kernel saved them; the pc is that of a restart where that is what comes next. */
  registers(tcb: number): bigint[] {
    const pc = this.stateOf(tcb) === STATE.Running ? SLOT.NextIP : SLOT.FaultIP;
    return [...SLOT_OF_X.map((slot) => (slot === -1 ? 0n : this.memory.readWord(this.at(tcb, slot)))), this.memory.readWord(this.at(tcb, pc))];
  }

  setRegister(tcb: number, register: number, value: bigint): void {
    if (register !== PC_REGISTER) return this.memory.writeWord(this.at(tcb, SLOT_OF_X[register]!), value);
    this.memory.writeWord(this.at(tcb, SLOT.FaultIP), value);
    this.memory.writeWord(this.at(tcb, SLOT.NextIP), value);
  }

  /** Physical address of the root page table of a thread's VSpace; undefined when it has none. */
  vspaceOf(tcb: number): number | undefined {
    const { tcb: { pointerOffset }, slots } = this.image.layout;
    this.cap.read(this.memory, tcb - pointerOffset + 32 * slots.vspace);
    return this.cap.type === CAP_TYPE.PageTable && this.cap.object % PAGE_BYTES === 0 ? this.cap.object : undefined;
  }

  private at(tcb: number, slot: number): number {
    return tcb + this.image.layout.tcb.registers + 8 * slot;
  }

  private stateOf(tcb: number): number {
    const { type } = this.image.layout.threadState;
    return (this.memory.readU32(tcb + this.image.layout.tcb.state) >>> type.shift) & ((1 << type.bits) - 1);
  }

  private stateName(tcb: number): string {
    const priority = this.memory.readU32(tcb + this.image.layout.tcb.priority) & 0xff;
    return `${THREAD_STATES[this.stateOf(tcb)] ?? 'unknown state'}, priority ${priority}`;
  }

  private nameOf(tcb: number): string {
    const { debug, pointerOffset } = this.image.layout.tcb;
    const otherwise = `thread at 0x${tcb.toString(16)}`;
    if (debug === undefined) return otherwise;
    const from = tcb - pointerOffset + debug.name;
    const bytes = Buffer.from(this.memory.read(from, from < tcb ? Math.min(NAME_BYTES, tcb - from) : NAME_BYTES));
    const end = bytes.indexOf(0);
    const name = bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
    return name === '' ? otherwise : name;
  }
}
