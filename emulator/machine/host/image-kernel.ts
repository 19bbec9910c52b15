// SPDX-License-Identifier: BSD-2-Clause
/**
 * A real kernel as a kernel host: an unmodified image runs in the machine, and TypeScript threads are its user threads.
 *
 * No user code is executed: the registers of a thread are the ones that the kernel keeps in its TCB, a trap is injected
 * at the thread's pc, and the kernel runs until it goes back to user mode. The kernel never looks at user text, so that it
 * cannot tell.
 */
import { INIT_CAP, ROLE, SLOT, fromBigInt, isKernelObject, lanesToBigInt, tagLabel, type BootInfo } from '../../../schema/abi/index.ts';
import { CAUSE } from '../../../schema/trace/trap-record.ts';
import type { AccessBytes, ExceptionTrap, KernelHost, RootTaskImage } from '../../host.ts';
import { bootKernel } from '../boot/boot-kernel.ts';
import { Machine, type MachineOptions } from '../boot/machine.ts';
import { endText } from '../boot/machine-end.ts';
import { diagnosticText } from '../devices/bus.ts';
import { SLOT_BYTES } from '../image/capability.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { pointerAt } from '../image/thread-list.ts';
import { HART, PAGE_BYTES, STOP_ON } from '../memory/layout.ts';
import { readBootInfo } from './boot-info.ts';
import { NO_LABEL } from './label-translation.ts';
import type { ObservedThread } from './observed-thread.ts';
import { ENVIRONMENT_CALL, causeOf, exceptionOf } from './trap-cause.ts';
import { UserMemory } from './user-memory.ts';
import { WatchedKernel } from './watched-kernel.ts';

export interface ImageKernelOptions {
  /** Device tree that the kernel hands to the root task. */
  readonly dtb?: Uint8Array;
  /** What the machine is like; its firmware is always the host. */
  readonly machine?: Omit<MachineOptions, 'firmware' | 'onConsole'>;
  /** Receives what kernel and user programs print through the kernel. */
  readonly console?: (text: string) => void;
}

/** The kernel gave up, or does not come back. */
export class KernelFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'KernelFailure';
  }
}

/** The root task's image: zeros that nothing is loaded into, for programs that want memory of their own. */
const IMAGE_ADDRESS = 0x1_0000n;
const IMAGE_PAGES = 16;
/** Registers x1..x31 are the first context slots of a thread, in order. */
const GENERAL_REGISTERS = 31;
/** More than any single kernel entry takes: clearing all of memory is done in pieces. */
const ENDLESS = 400_000_000;
/** Exceptions of the kernel itself after which it is not waited for to say what happened. */
const MOST_OWN_EXCEPTIONS = 16;
/** Timer interrupts in a row that wake nobody. */
const IDLE_INTERRUPTS = 100_000;

/** Parts of the root task that have names of their own. */
const ROOT_PARTS: readonly (readonly [number, string])[] = [
  [INIT_CAP.threadCNode, 'CNode'], [INIT_CAP.threadVSpace, 'VSpace'], [INIT_CAP.bootInfoFrame, 'boot info'],
  [INIT_CAP.initThreadIPCBuffer, 'IPC buffer'],
];

export class ImageKernel extends WatchedKernel implements KernelHost {
  private readonly dtb: Uint8Array | undefined;
  private readonly memory: UserMemory;
  private readonly hartRegisters: Uint32Array;
  private current: ObservedThread | undefined;
  private booted = false;
  private ended = false;
  private failure = '';
  private ownExceptions = 0;

  constructor(image: KernelImage, options: ImageKernelOptions = {}) {
    super(machineOf(options), image, 'stubs');
    this.dtb = options.dtb;
    this.memory = new UserMemory(this.machine, image);
    this.hartRegisters = new Uint32Array(this.machine.memory.memory.buffer, HART.x + 8, 2 * GENERAL_REGISTERS);
  }

  get halted(): boolean {
    return this.ended;
  }

  get time(): number {
    return Number(this.machine.clock.now());
  }

  get running(): number {
    return this.current?.id ?? 0;
  }

  boot(root: RootTaskImage): BootInfo {
    if (this.booted) throw new Error('the kernel is booted already');
    this.booted = true;
    const { machine, image, watch } = this;
    const rootImage = { name: root.name, base: IMAGE_ADDRESS, entry: lanesToBigInt(root.entryLo, root.entryHi), data: new Uint8Array(IMAGE_PAGES * PAGE_BYTES) };
    bootKernel(machine, { kernel: image.file, rootImage, ...(this.dtb === undefined ? {} : { dtb: this.dtb }) });
    machine.stopOn(STOP_ON.userTrap | STOP_ON.userReturn | STOP_ON.ownTrap);
    for (let stop = machine.run(ENDLESS); stop !== 'userReturn'; stop = machine.run(ENDLESS)) {
      if (stop === 'ownTrap') throw this.failed(`did not start the root task: it ${this.ownException()}`);
      if (stop !== 'storeLog') throw this.failed('did not start the root task');
    }
    watch.start();
    this.current = watch.current;
    const thread = this.current;
    if (thread === undefined) throw this.failed('runs no thread after boot');
    watch.objects.rename(thread.id, root.name);
    this.nameRootObjects(thread, root.name);
    this.copyPc(thread, SLOT.NextIP, SLOT.FaultIP);
    this.readRootCap(thread, INIT_CAP.bootInfoFrame);
    return readBootInfo(machine.memory, this.cap.object, image.layout);
  }

  syscall(): void {
    this.trap(CAUSE.syscall, ENVIRONMENT_CALL, 0n);
  }

  exception({ cause, valueLo, valueHi }: ExceptionTrap): void {
    this.trap(causeOf(cause), cause, lanesToBigInt(valueLo, valueHi));
  }

  load(addressLo: number, addressHi: number, bytes: AccessBytes, into: Uint32Array, lane: number): boolean {
    const value = this.memory.load(lanesToBigInt(addressLo, addressHi), bytes);
    if (value === undefined) return this.memoryFault();
    const { lo, hi } = fromBigInt(value);
    into[lane] = lo;
    into[lane + 1] = hi;
    return true;
  }

  store(addressLo: number, addressHi: number, bytes: AccessBytes, lo: number, hi: number): boolean {
    return this.memory.store(lanesToBigInt(addressLo, addressHi), bytes, lanesToBigInt(lo, hi)) || this.memoryFault();
  }

  hasAddressSpace(): boolean {
    return this.memory.exists;
  }

  fetchFault(addressLo: number, addressHi: number): number {
    return this.memory.fetchFault(lanesToBigInt(addressLo, addressHi));
  }

  compute(ns: number): number {
    const { clock } = this.machine;
    let left = BigInt(Math.round(ns));
    // What became pending while the kernel ran comes before the thread goes on.
    while (!this.interruptPending()) {
      const next = clock.toNextAlarm();
      if (next === undefined || next > left) {
        clock.skip(left);
        return 0;
      }
      clock.skip(next);
      left -= next;
      clock.ring();
    }
    this.interrupt();
    return Number(left);
  }

  idle(): boolean {
    for (let count = 0; count < IDLE_INTERRUPTS; count++) {
      if (this.ended || (!this.interruptPending() && !this.skipIdleTime())) return false;
      if (!this.interruptPending()) continue;
      this.runKernel();
      if (this.current !== undefined) return true;
    }
    return false;
  }

  /** Skips to what can wake a thread: the alarm of a device when the kernel's timer can change nothing. False when nothing can. */
  private skipIdleTime(): boolean {
    const { clock, rtc } = this.machine;
    if (!this.nobodyWaitsForTime()) {
      if (!clock.skipToNextAlarm()) return false;
    } else {
      const alarm = rtc.alarmAt;
      if (alarm === undefined) return false;
      if (alarm > clock.now()) clock.skip(alarm - clock.now());
    }
    clock.ring();
    return true;
  }

  /** The kernel has one domain, and nobody waits for budget. */
  private nobodyWaitsForTime(): boolean {
    const { image, machine } = this;
    if (image.domains > 1) return false;
    const queue = image.symbols.get('ksReleaseQueue') ?? image.symbols.get('ksReleaseHead');
    if (queue === undefined) return image.scheduling === 'classic';
    const at = Number(queue.address & 0xffff_ffffn);
    return pointerAt(machine.memory, at) === 0;
  }

  /** An interrupt that the kernel takes as soon as it is out of supervisor mode. */
  private interruptPending(): boolean {
    const { state } = this.machine;
    return (state.u32(HART.mip) & state.u32(HART.mie) & state.u32(HART.mideleg)) !== 0;
  }

  private interrupt(): void {
    const thread = this.enterFrom(CAUSE.interrupt);
    this.loadRegisters(thread);
    this.runKernel();
  }

  private trap(cause: number, scause: number, value: bigint): void {
    const thread = this.enterFrom(cause);
    if (this.labels.isNeeded && cause === CAUSE.syscall) this.translateLabel(thread);
    this.loadRegisters(thread);
    this.machine.hart.raise(scause, value);
    this.runKernel();
  }

  /** The kernel gets its own label for the method that the thread invokes. A message to another thread keeps the label it has. */
  private translateLabel({ registers }: ObservedThread): void {
    const { labels, watch: { request } } = this;
    if (!request.invokes || !isKernelObject(request.sent.type)) return;
    const label = tagLabel(registers[2 * ROLE.tag]!, registers[2 * ROLE.tag + 1]!);
    const own = labels.toKernel(label);
    if (request.method !== undefined && own === NO_LABEL) throw this.failed(`does not have the method ${request.method.id} (it is of release ${this.image.release})`);
    if (own !== label) this.watch.substituteLabel(own);
  }

  /** Kernel entry out of the running thread: its pc is that of the trap. */
  private enterFrom(cause: number): ObservedThread {
    const thread = this.current;
    if (thread === undefined) throw new Error('no thread runs');
    this.copyPc(thread, SLOT.NextIP, SLOT.FaultIP);
    this.watch.enter(cause);
    return thread;
  }

  private copyPc(thread: ObservedThread, from: number, to: number): void {
    const { registers } = thread;
    registers[2 * to] = registers[2 * from]!;
    registers[2 * to + 1] = registers[2 * from + 1]!;
  }

  private loadRegisters({ registers }: ObservedThread): void {
    this.hartRegisters.set(registers.subarray(0, 2 * GENERAL_REGISTERS));
    this.machine.state.setWord(HART.pc, lanesToBigInt(registers[2 * SLOT.NextIP]!, registers[2 * SLOT.NextIP + 1]!));
  }

  /** Runs the kernel until it goes to user mode, or idles. */
  private runKernel(): void {
    const { machine, watch } = this;
    for (;;) {
      switch (machine.run(ENDLESS, { waits: 'return' })) {
        case 'userReturn':
        case 'waiting':
          if (watch.isInTrap) watch.leave();
          this.current = watch.current;
          return;
        case 'storeLog':
          watch.drain();
          break;
        case 'userTrap':
          if (exceptionOf(machine) !== undefined) throw this.failed(`executed user code at pc 0x${machine.state.word(HART.sepc).toString(16)}`);
          break;
        case 'ownTrap':
          this.ownTrap();
          break;
        case 'breakpoint':
          break;
        case 'budget':
          throw this.failed(`does not come back to user code: after ${ENDLESS} instructions it is at ${this.place(machine.pc)}`);
        case 'ended':
          this.end();
          return;
      }
    }
  }

  /** An interrupt out of the idle thread begins the next trap; an exception is the kernel's own. */
  private ownTrap(): void {
    if (exceptionOf(this.machine) === undefined) {
      if (this.watch.isInTrap) this.watch.leave();
      this.watch.enter(CAUSE.interrupt);
      return;
    }
    const failure = this.ownException();
    if (this.failure === '') this.failure = failure;
    if (++this.ownExceptions < MOST_OWN_EXCEPTIONS) return;
    // The handler itself fails: nothing will be printed any more.
    this.ended = true;
    this.watch.leave();
    this.current = undefined;
    throw this.failed(this.failure);
  }

  /** The machine was switched off, by DebugHalt or by a kernel that gave up. */
  private end(): void {
    const { machine, watch } = this;
    this.ended = true;
    if (watch.isInTrap) watch.leave();
    this.current = undefined;
    if (this.failure !== '' || machine.console.panic !== undefined || machine.ended?.kind !== 'shutdown') throw this.failed(this.failure);
  }

  private failed(what: string): KernelFailure {
    const { machine, image } = this;
    const reason = what !== '' ? what : machine.console.panic ?? (machine.ended === undefined ? 'failed' : endText(machine.ended));
    const end = machine.ended === undefined || what === '' ? '' : `; ${endText(machine.ended)}`;
    const refused = machine.bus.diagnostics().map((each) => `\n${diagnosticText(each)}`).join('');
    const console = machine.console.lines();
    return new KernelFailure(`the kernel ${image.name} ${reason}${end}${refused}${console.length === 0 ? '' : `\nits console:\n${console.join('\n')}`}`);
  }

  private memoryFault(): false {
    const { lo, hi } = fromBigInt(this.memory.value);
    this.exception({ cause: this.memory.cause, valueLo: lo, valueHi: hi });
    return false;
  }

  private nameRootObjects(thread: ObservedThread, name: string): void {
    const { initThreadSC } = this.image.layout.bootInfo;
    const parts = initThreadSC === undefined ? ROOT_PARTS : [...ROOT_PARTS, [initThreadSC, 'scheduling context'] as const];
    for (const [index, part] of parts) {
      this.readRootCap(thread, index);
      const id = this.watch.objects.idOf(this.cap);
      if (id !== 0) this.watch.objects.rename(id, `${name} ${part}`);
    }
  }

  /** Reads a capability of the root CNode. */
  private readRootCap(thread: ObservedThread, index: number): void {
    const { memory } = this.machine;
    this.cap.read(memory, thread.slot(this.image.layout.slots.cspace));
    this.cap.read(memory, this.cap.object + index * SLOT_BYTES);
  }
}

function machineOf({ machine, console }: ImageKernelOptions): Machine {
  if (console === undefined) return new Machine({ ...machine, firmware: 'host' });
  const decoder = new TextDecoder();
  return new Machine({ ...machine, firmware: 'host', onConsole: (byte) => console(decoder.decode(Uint8Array.of(byte), { stream: true })) });
}
