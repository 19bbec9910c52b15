// SPDX-License-Identifier: BSD-2-Clause
/**
 * Watches a machine whose kernel cannot be read: no symbols, or structures that are not known. What the hart shows is all
 * there is: at each trap its cause and the registers of the thread, at the return the registers of the thread that runs next,
 * and which thread that is. Kernels for one core keep the address of the running thread's registers in `sscratch`.
 */
import { BUFFER_NONE, CAP_TYPE, CONTEXT_SLOTS, SLOT, STATE, type Scheduling } from '../../../schema/abi/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { CAUSE, DELIVERY } from '../../../schema/trace/trap-record.ts';
import type { KernelObserver, KernelView } from '../../host.ts';
import type { Machine, MachineStop, RunOptions } from '../boot/machine.ts';
import { exceptionName } from '../boot/machine-end.ts';
import { HART, STOP_ON } from '../memory/layout.ts';
import { Observers } from './observers.ts';
import { ENVIRONMENT_CALL, causeOf } from './trap-cause.ts';
import { runObserved, type TrapListener } from './trap-stops.ts';

/** Registers x1..x31 are the first context slots of a thread, in order. */
const GENERAL_REGISTERS = 31;
/** Bits of stvec below the address. */
const STVEC_MODE = 3n;

interface SeenThread {
  readonly id: number;
  /** Lanes of the context slots, as of the last trap of the thread or the last return to it. */
  readonly registers: Uint32Array;
}

export class RegisterObserver implements KernelView {
  readonly registersOnly = true;
  readonly interfaces: InterfaceModel;
  /** The last way in which the kernel failed by itself; empty when it did not. */
  failure = '';
  private readonly machine: Machine;
  private readonly observers = new Observers();
  private readonly hartRegisters: Uint32Array;
  private readonly threads = new Map<bigint, SeenThread>();
  private readonly byId: SeenThread[] = [];
  private readonly listener: TrapListener = {
    storeLog: () => this.forgetStores(),
    entered: (exception) => this.entered(exception),
    ownTrap: (exception) => this.ownTrap(exception),
    returned: () => this.returned(),
    left: () => this.left(),
  };
  private started = false;
  private inTrap = false;

  constructor(machine: Machine, scheduling: Scheduling) {
    this.machine = machine;
    this.interfaces = interfacesOf(`riscv64-${scheduling}`);
    this.hartRegisters = new Uint32Array(machine.memory.memory.buffer, HART.x + 8, 2 * GENERAL_REGISTERS);
    machine.stopOn(STOP_ON.userReturn | STOP_ON.ownTrap | (machine.firmware === 'guest' ? STOP_ON.breakpoints : STOP_ON.userTrap));
  }

  observe(observer: KernelObserver): void {
    for (const [address, { id }] of this.threads) observer.subject(id, CAP_TYPE.Thread, nameAt(address));
    this.observers.add(observer);
  }

  /** As `Machine.run`; what the observers need to be stopped for is not returned. */
  run(instructions: number, options: RunOptions = {}): MachineStop {
    return runObserved(this.machine, instructions, options, this.listener);
  }

  registers(thread: number): Uint32Array {
    const seen = this.byId[thread - 1];
    if (seen === undefined) throw new RangeError(`no thread ${thread}`);
    return seen.registers;
  }

  /** Not to be seen: said of all threads. */
  threadState(): number {
    return STATE.Running;
  }

  bufferKind(): number {
    return BUFFER_NONE;
  }

  bufferLanes(): undefined {
    return undefined;
  }

  private entered(exception: number | undefined): void {
    if (!this.started) return;
    const thread = this.threadThatRuns();
    const { state } = this.machine;
    const pc = state.word(HART.sepc);
    thread.registers.set(this.hartRegisters);
    setSlot(thread.registers, SLOT.FaultIP, pc);
    setSlot(thread.registers, SLOT.NextIP, exception === ENVIRONMENT_CALL ? pc + 4n : pc);
    this.enter(causeOf(exception), thread.id);
  }

  private ownTrap(exception: number | undefined): void {
    if (!this.started) return;
    if (exception === undefined) {
      this.left();
      this.enter(CAUSE.interrupt, 0);
    } else if (this.failure === '') {
      const { state } = this.machine;
      this.failure = `took an exception itself: ${exceptionName(exception)} at pc 0x${state.word(HART.sepc).toString(16)}, value 0x${state.word(HART.stval).toString(16)}`;
    }
  }

  private returned(): void {
    if (!this.started) this.start();
    const thread = this.threadThatRuns();
    if (this.inTrap) this.showDifferences(thread);
    thread.registers.set(this.hartRegisters);
    setSlot(thread.registers, SLOT.FaultIP, this.machine.pc);
    setSlot(thread.registers, SLOT.NextIP, this.machine.pc);
    if (this.inTrap) this.leave(thread.id);
  }

  /** With firmware in M mode, kernel entry is where the kernel's trap handler begins, which it has said by now. */
  private start(): void {
    const { machine } = this;
    this.started = true;
    if (machine.firmware === 'guest') machine.hart.setBreakpoints([machine.state.word(HART.stvec) & ~STVEC_MODE]);
  }

  /** Registers of a thread that are others than it had when it trapped. */
  private showDifferences({ id, registers }: SeenThread): void {
    let found = false;
    for (let slot = 0; slot < GENERAL_REGISTERS; slot++) {
      if (registers[2 * slot] === this.hartRegisters[2 * slot] && registers[2 * slot + 1] === this.hartRegisters[2 * slot + 1]) continue;
      if (!found) this.observers.delivery(id, DELIVERY.other);
      found = true;
      this.observers.slotWritten(id, slot);
    }
  }

  private left(): void {
    if (this.inTrap) this.leave(0);
  }

  private enter(cause: number, thread: number): void {
    if (this.inTrap) throw new Error('kernel entry within a trap');
    this.inTrap = true;
    this.observers.entry(cause, thread, this.now);
  }

  private leave(next: number): void {
    this.inTrap = false;
    this.observers.exit(next, this.now, 0, 0);
  }

  private get now(): number {
    return Number(this.machine.clock.now());
  }

  private threadThatRuns(): SeenThread {
    const address = this.machine.state.word(HART.sscratch);
    let thread = this.threads.get(address);
    if (thread === undefined) {
      thread = { id: this.byId.length + 1, registers: new Uint32Array(2 * CONTEXT_SLOTS) };
      thread.registers.set(this.hartRegisters);
      this.byId.push(thread);
      this.threads.set(address, thread);
      this.observers.subject(thread.id, CAP_TYPE.Thread, nameAt(address));
    }
    return thread;
  }

  /** Nothing is watched, so nothing of the log is of use. */
  private forgetStores(): void {
    this.machine.state.setU32(HART.storeLogCount, 0);
  }
}

function nameAt(address: bigint): string {
  return `thread at 0x${address.toString(16)}`;
}

function setSlot(registers: Uint32Array, slot: number, value: bigint): void {
  registers[2 * slot] = Number(value & 0xffff_ffffn);
  registers[2 * slot + 1] = Number((value >> 32n) & 0xffff_ffffn);
}
