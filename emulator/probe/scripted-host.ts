// SPDX-License-Identifier: BSD-2-Clause
/** A kernel host without a kernel: tests say what happens in each trap. */
import { BUFFER_NONE, BUFFER_RW, CONTEXT_SLOTS, IPC_BUFFER, IPC_BUFFER_WORDS, MESSAGE_REGISTERS, ROLE, SLOT, STATE, syscallNumber } from '../../schema/abi/index.ts';
import type { Scheduling, SyscallName } from '../../schema/abi/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { CAUSE } from '../../schema/trace/trap-record.ts';
import type { KernelHost, KernelObserver } from '../host.ts';

class ScriptedThread {
  readonly registers = new Uint32Array(2 * CONTEXT_SLOTS);
  readonly buffer = new Uint32Array(2 * IPC_BUFFER_WORDS);
  bufferKind = BUFFER_RW;
  state: number = STATE.Running;
  hasSchedContext = true;
  alive = true;
}

/** A message as a script gives it; words fit 32 bits. */
interface ScriptedMessage {
  readonly badge?: number;
  readonly label?: number;
  readonly words?: readonly number[];
}

/**
 * Threads 1 to n, all Running with a buffer that can be written. A script calls the functions below, which change
 * registers, buffers and states as a kernel would and tell the observer.
 */
export class ScriptedHost implements KernelHost {
  /** What {@link changedCapabilities} tells. */
  capabilitiesChange = false;
  readonly interfaces: InterfaceModel;
  readonly halted = false;
  time = 0;
  running = 1;
  private readonly scheduling: Scheduling;
  private readonly threads: (ScriptedThread | undefined)[] = [new ScriptedThread()];
  private watcher: KernelObserver | undefined;

  constructor(threads: number, scheduling: Scheduling = 'mcs') {
    this.scheduling = scheduling;
    // Probes ask for nothing else of the interfaces.
    this.interfaces = { configuration: { scheduling } } as unknown as InterfaceModel;
    for (let i = 0; i < threads; i++) this.threads.push(new ScriptedThread());
  }

  get kernel(): KernelObserver {
    return this.watcher!;
  }

  thread(id: number): ScriptedThread {
    const thread = this.threads[id];
    if (thread === undefined) throw new RangeError(`no thread ${id}`);
    return thread;
  }

  observe(observer: KernelObserver): void {
    this.watcher = observer;
  }

  /** Loads the registers of a system call at `pc`. */
  request(id: number, name: SyscallName, pc: number, cptr: number, message: ScriptedMessage & { extraCaps?: readonly number[]; reply?: number } = {}): void {
    const { registers, buffer } = this.thread(id);
    const words = message.words ?? [];
    const caps = message.extraCaps ?? [];
    const number = syscallNumber(this.scheduling, name);
    registers[2 * ROLE.syscall] = number;
    registers[2 * ROLE.syscall + 1] = number >> 31;
    registers[2 * ROLE.cap] = cptr;
    registers[2 * ROLE.cap + 1] = 0;
    registers[2 * ROLE.tag] = ((message.label ?? 0) << 12) | (caps.length << 7) | words.length;
    registers[2 * ROLE.tag + 1] = 0;
    registers[2 * ROLE.reply] = message.reply ?? 0;
    words.forEach((word, i) => {
      if (i < MESSAGE_REGISTERS) registers[2 * (ROLE.mr0 + i)] = word;
      else buffer[2 * (IPC_BUFFER.msg + i)] = word;
    });
    caps.forEach((cap, i) => { buffer[2 * (IPC_BUFFER.capsOrBadges + i)] = cap; });
    registers[2 * SLOT.FaultIP] = pc;
    registers[2 * SLOT.NextIP] = pc;
  }

  /** One trap of a thread: entry, what the script does, exit with `next` running. The request must be loaded. */
  trap(id: number, next: number, script: (kernel: KernelObserver) => void = () => {}, cause: number = CAUSE.syscall): void {
    this.time += 100;
    this.kernel.entry(cause, id, this.time);
    if (cause === CAUSE.syscall) {
      const { registers } = this.thread(id);
      registers[2 * SLOT.NextIP] = registers[2 * SLOT.FaultIP]! + 4;
    }
    script(this.kernel);
    this.time += 50;
    this.running = next;
    this.kernel.exit(next, this.time, 50, 1000);
  }

  write(id: number, slot: number, value: number): void {
    this.thread(id).registers[2 * slot] = value;
    this.thread(id).registers[2 * slot + 1] = 0;
    this.kernel.slotWritten(id, slot);
  }

  setState(id: number, to: number): void {
    const thread = this.thread(id);
    const from = thread.state;
    thread.state = to;
    this.kernel.stateWritten(id, from, to);
  }

  /** Writes badge, tag and words to a thread, as a delivery of this kind. */
  deliver(id: number, kind: number, message: ScriptedMessage = {}): void {
    const words = message.words ?? [];
    this.kernel.delivery(id, kind);
    this.write(id, ROLE.badge, message.badge ?? 0);
    words.forEach((word, i) => {
      if (i < MESSAGE_REGISTERS) {
        this.write(id, ROLE.mr0 + i, word);
      } else {
        this.thread(id).buffer[2 * (IPC_BUFFER.msg + i)] = word;
        this.kernel.bufferWordWritten(id, IPC_BUFFER.msg + i);
      }
    });
    this.write(id, ROLE.tag, ((message.label ?? 0) << 12) | words.length);
  }

  registers(id: number): Uint32Array {
    return this.thread(id).registers;
  }

  threadState(id: number): number {
    return this.thread(id).alive ? this.thread(id).state : STATE.Inactive;
  }

  exists(id: number): boolean {
    return this.thread(id).alive;
  }

  bufferKind(id: number): number {
    return this.thread(id).bufferKind;
  }

  bufferLanes(id: number): Uint32Array | undefined {
    return this.thread(id).bufferKind === BUFFER_NONE ? undefined : this.thread(id).buffer;
  }

  changedCapabilities(): boolean {
    return this.capabilitiesChange;
  }

  hasSchedContext(id: number): boolean {
    return this.thread(id).hasSchedContext;
  }

  boot(): never {
    return unscripted();
  }

  hint(): void {
    unscripted();
  }

  syscall(): void {
    unscripted();
  }

  exception(): void {
    unscripted();
  }

  compute(): number {
    return unscripted();
  }

  idle(): boolean {
    return unscripted();
  }
}

function unscripted(): never {
  throw new Error('a scripted host does nothing by itself');
}
