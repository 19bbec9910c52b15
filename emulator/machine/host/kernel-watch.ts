// SPDX-License-Identifier: BSD-2-Clause
/**
 * From a machine that runs an seL4 kernel to the calls of a KernelObserver. Whoever runs the machine tells of kernel entry
 * and exit; what happens in between is read from the stores of the kernel to the words that are watched, in their order.
 */
import { FAULT_LABELS, ROLE, SLOT, STATE } from '../../../schema/abi/index.ts';
import { CAUSE, DELIVERY, STRAY } from '../../../schema/trace/trap-record.ts';
import type { KernelObserver } from '../../host.ts';
import type { Machine } from '../boot/machine.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { pointerAt } from '../image/thread-list.ts';
import { HART } from '../memory/layout.ts';
import { DeliveryKinds } from './delivery-kinds.ts';
import type { AskedLabels } from './label-translation.ts';
import { ObjectTable } from './object-table.ts';
import { Observers } from './observers.ts';
import type { ObservedThread } from './observed-thread.ts';
import { Population } from './population.ts';
import { SchedContextClock } from './sched-context-clock.ts';
import { ThreadTable } from './thread-table.ts';
import { TrapLog } from './trap-log.ts';
import { TrapRequest } from './trap-request.ts';
import { WatchedWords } from './watched-words.ts';
import { WORD, kindOfCode, ownerOfCode, wordCode } from './word-codes.ts';

const FAULT_LABEL = 0xf;
/** The label of a message tag is above its other fields. */
const TAG_LABEL_SHIFT = 12;
const TAG_BELOW_LABEL = (1 << TAG_LABEL_SHIFT) - 1;

export class KernelWatch {
  readonly objects: ObjectTable;
  readonly threads: ThreadTable;
  readonly request: TrapRequest;
  private readonly machine: Machine;
  private readonly image: KernelImage;
  private readonly observers = new Observers();
  private readonly words: WatchedWords;
  private readonly log: TrapLog;
  private readonly kinds: DeliveryKinds;
  private readonly clock: SchedContextClock | undefined;
  private readonly population: Population;
  private readonly fastpaths: readonly { readonly from: number; readonly to: number }[];

  /** Threads that were written to in this trap. */
  private readonly touched: ObservedThread[] = [];
  private readonly withReplyLink = new Set<ObservedThread>();
  private trap = 0;
  private inTrap = false;
  private cause = 0;
  private invoker: ObservedThread | undefined;
  private pcLo = 0;
  private pcHi = 0;
  private faultFound = 0;
  private tookFastpath = false;
  /** Lanes of the invoker's tag as it sent it, while the kernel has another label; undefined otherwise. */
  private sentTag: { readonly lo: number; readonly hi: number } | undefined;

  constructor(machine: Machine, image: KernelImage, labels: AskedLabels) {
    this.machine = machine;
    this.image = image;
    const { memory } = machine;
    this.objects = new ObjectTable(this.observers);
    this.words = new WatchedWords(memory);
    this.threads = new ThreadTable(memory, image, this.objects, this.words);
    this.log = new TrapLog(memory, image, this.words);
    this.request = new TrapRequest(memory, image, labels);
    this.kinds = new DeliveryKinds(this.request, this.touched);
    this.population = new Population(memory, image, this.threads, this.objects, this.observers);
    this.clock = image.layout.schedContext === undefined ? undefined : new SchedContextClock(machine, image);
    this.fastpaths = image.fastpaths.map(({ from, to }) => ({ from: Number(from & 0xffff_ffffn), to: Number(to & 0xffff_ffffn) }));
  }

  observe(observer: KernelObserver): void {
    this.objects.announceTo(observer);
    this.observers.add(observer);
  }

  get isInTrap(): boolean {
    return this.inTrap;
  }

  /** The thread that the kernel runs now; undefined for the idle thread. */
  get current(): ObservedThread | undefined {
    return this.threads.at(pointerAt(this.machine.memory, this.image.globals.curThread));
  }

  /** To be called once, when the kernel goes to user mode for the first time: begins to watch. */
  start(): void {
    const { globals } = this.image;
    this.log.start();
    if (globals.currentFault !== undefined) this.words.set(globals.currentFault, wordCode(WORD.currentFault, 0));
    if (globals.debugTcbs !== undefined) this.words.set(globals.debugTcbs, wordCode(WORD.threadList, 0));
    this.threads.compareWithList();
    void this.current;
    this.log.clear();
  }

  /** Takes over stores that the hart has logged; to be called when its log is full. */
  drain(): void {
    if (this.inTrap) this.log.drain();
    else this.log.clear();
  }

  /** Kernel entry: the registers of the thread that runs stand in its TCB. `cause` is one of `CAUSE`. */
  enter(cause: number): void {
    if (this.inTrap) throw new Error('kernel entry within a trap');
    this.inTrap = true;
    this.trap++;
    this.cause = cause;
    this.log.clear();
    this.threads.forgetGone();
    this.touched.length = 0;
    this.tookFastpath = false;
    this.faultFound = 0;
    const invoker = (this.invoker = this.current);
    this.request.clear();
    if (invoker !== undefined) {
      this.touch(invoker);
      this.pcLo = invoker.registers[2 * SLOT.FaultIP]!;
      this.pcHi = invoker.registers[2 * SLOT.FaultIP + 1]!;
      if (cause === CAUSE.syscall) this.request.read(invoker);
    }
    this.clock?.enter();
    this.observers.entry(cause, invoker?.id ?? 0, this.now);
  }

  /**
   * Gives the kernel another label than the one that the invoker sent and that was recorded. When the kernel leaves without
   * having written the tag, the invoker has its own again: it may be executed once more.
   */
  substituteLabel(label: number): void {
    const { registers } = this.invoker!;
    const lo = registers[2 * ROLE.tag]!;
    this.sentTag = { lo, hi: registers[2 * ROLE.tag + 1]! };
    registers[2 * ROLE.tag] = ((lo & TAG_BELOW_LABEL) | (label << TAG_LABEL_SHIFT)) >>> 0;
    registers[2 * ROLE.tag + 1] = label >>> (32 - TAG_LABEL_SHIFT);
  }

  /** The kernel took an exception in its own mode: what it tried to reach, and where. */
  failed(addressLo: number, addressHi: number, pcLo: number, pcHi: number): void {
    // Addresses of user code are those of the lower half.
    if (this.inTrap && addressHi >>> 31 === 0) this.observers.strayAccess(STRAY.userAddress, addressLo, addressHi, pcLo, pcHi);
  }

  /** Kernel exit: the hart is in user mode, or idles. */
  leave(): void {
    this.log.drain();
    const next = this.current;
    this.survey();
    if (this.tookFastpath && next !== undefined) this.takeFastpathRegisters(next);
    this.restoreLabel();
    this.showInvocation();
    this.replay();
    if (this.tookFastpath && next !== undefined) {
      this.slotWritten(next, ROLE.badge);
      this.slotWritten(next, ROLE.tag);
    }
    this.showUnhandledFault();
    this.showOrphans();
    this.population.update(this.request, this.invoker, this.touched);
    this.inTrap = false;
    this.observers.exit(next?.id ?? 0, this.now, this.clock?.consumed() ?? 0, next === undefined ? 0 : this.clock?.budget() ?? 0);
  }

  private get now(): number {
    const { state } = this.machine;
    // As the clock counts, in numbers: exact for the first 104 days.
    return state.count(HART.instret) * state.count(HART.nsPerInstruction) + state.count(HART.skipped);
  }

  /** First pass over the log: who was written to, and what a later write depends on. */
  private survey(): void {
    const { log, threads } = this;
    for (let i = 0; i < log.length; i++) {
      const code = log.code(i);
      const kind = kindOfCode(code);
      if (kind >= WORD.workUnits) continue;
      const thread = threads.get(ownerOfCode(code));
      if (thread === undefined) continue;
      this.touch(thread);
      if (kind === WORD.slot + ROLE.tag) thread.tagWritten = true;
      else if (kind === WORD.slot + ROLE.badge) thread.badgeWritesLeft++;
      else if (kind === WORD.yieldTo && (log.valueLo(i) | log.valueHi(i)) === 0) thread.yieldEndsInTrap = true;
      else if (kind === WORD.fault && (log.valueLo(i) & FAULT_LABEL) !== 0) thread.faultedInTrap = true;
      else if (kind === WORD.state) {
        thread.stateWritten = true;
        this.tookFastpath ||= this.isInFastpath(log.pc(i));
      }
    }
  }

  private isInFastpath(pc: number): boolean {
    return this.fastpaths.some(({ from, to }) => pc >= from && pc < to);
  }

  /** The fast path leaves badge and tag in registers of the hart; in the TCB they change nothing until they are saved there. */
  private takeFastpathRegisters(next: ObservedThread): void {
    this.touch(next);
    next.tagWritten = true;
    next.badgeWritesLeft++;
    const { state } = this.machine;
    for (const slot of [ROLE.badge, ROLE.tag]) {
      const register = HART.x + 8 * (slot + 1);
      next.registers[2 * slot] = state.u32(register);
      next.registers[2 * slot + 1] = state.u32(register + 4);
    }
  }

  private restoreLabel(): void {
    const { invoker, sentTag } = this;
    this.sentTag = undefined;
    if (invoker === undefined || sentTag === undefined || invoker.tagWritten) return;
    invoker.registers[2 * ROLE.tag] = sentTag.lo;
    invoker.registers[2 * ROLE.tag + 1] = sentTag.hi;
  }

  private touch(thread: ObservedThread): void {
    if (thread.trap === this.trap) return;
    thread.trap = this.trap;
    thread.entryState = thread.shownState;
    thread.entryFault = thread.shownFault;
    thread.faultedInTrap = thread.stateWritten = thread.tagWritten = thread.yieldEndsInTrap = thread.interimReply = false;
    thread.badgeWritesLeft = 0;
    thread.kind = -1;
    this.touched.push(thread);
  }

  /** Whether the system call was executed, and what it invoked. */
  private showInvocation(): void {
    const { invoker, request, observers } = this;
    if (invoker === undefined || this.cause === CAUSE.interrupt) return;
    if (this.willRepeat(invoker)) {
      if (this.log.workUnits === 0) {
        observers.preempted();
      } else if (this.image.scheduling === 'mcs') {
        observers.outOfBudget();
        return;
      }
    }
    if (request.invokes) observers.invocation(request.sent.type, this.objects.idOf(request.sent), request.recordedLabel);
    if (request.hasSource) observers.invocation(request.source.type, this.objects.idOf(request.source), 0);
  }

  /** Whether the trapping instruction will be executed again for want of time, not for a fault that was answered. */
  private willRepeat(invoker: ObservedThread): boolean {
    if (invoker.faultedInTrap) return this.image.scheduling === 'mcs' && invoker.fault === FAULT_LABELS.mcs.Timeout;
    const { state } = invoker;
    if (state === STATE.Restart) return true;
    if (state !== STATE.Running) return false;
    // An exception that is no fault was not looked at.
    if (this.cause !== CAUSE.syscall) return true;
    if (this.request.writesRegisters && this.request.sent.object === invoker.tcb) return false;
    return invoker.stateWritten && invoker.registers[2 * SLOT.NextIP] === this.pcLo && invoker.registers[2 * SLOT.NextIP + 1] === this.pcHi;
  }

  /** Second pass over the log: every store becomes an observation. */
  private replay(): void {
    const { log, threads } = this;
    for (let i = 0; i < log.length; i++) {
      const code = log.code(i);
      const kind = kindOfCode(code);
      if (kind >= WORD.buffer) {
        this.bufferWordWritten(ownerOfCode(code), kind - WORD.buffer);
      } else if (kind === WORD.currentFault) {
        // A handler that cannot be found is a fault of its own, which nobody is told of.
        if (this.faultFound === 0) this.faultFound = log.valueLo(i) & FAULT_LABEL;
      } else if (kind === WORD.threadList) {
        this.population.listChanged = true;
      } else {
        const thread = threads.get(ownerOfCode(code));
        if (thread !== undefined) this.threadWritten(thread, kind, log.valueLo(i), log.valueHi(i));
      }
    }
  }

  private threadWritten(thread: ObservedThread, kind: number, lo: number, hi: number): void {
    switch (kind) {
      case WORD.state:
        this.stateWritten(thread, lo & 0xf);
        break;
      case WORD.fault:
        thread.shownFault = lo & FAULT_LABEL;
        if (thread.shownFault !== 0) this.observers.faulted(thread.id, thread.shownFault);
        break;
      case WORD.yieldTo:
        this.yieldToWritten(thread, (lo | hi) !== 0);
        break;
      case WORD.bufferPlace:
        this.population.withNewBuffer.add(thread);
        break;
      case WORD.replyLink:
        this.withReplyLink.add(thread);
        break;
      case WORD.listLink:
        this.population.listChanged = true;
        break;
      case WORD.name:
        this.population.withNewName.add(thread);
        break;
      default:
        this.slotWritten(thread, kind - WORD.slot);
    }
  }

  private stateWritten(thread: ObservedThread, to: number): void {
    const from = thread.shownState;
    // The word also holds what a blocked thread waits for: a store that leaves it blocked sets that.
    if (from === to && to > STATE.Restart) return;
    thread.shownState = to;
    if (to === STATE.Running) thread.interimReply = false;
    this.observers.stateWritten(thread.id, from, to);
  }

  private yieldToWritten(thread: ObservedThread, pending: boolean): void {
    if (thread.shownYieldTo === pending) return;
    thread.shownYieldTo = pending;
    thread.interimReply = pending && thread === this.invoker && this.request.isCall;
    this.observers.yieldPending(thread.id, pending);
  }

  private slotWritten(thread: ObservedThread, slot: number): void {
    // Kernel entry and exit keep the cause, the status and the next instruction; nobody is told anything by that.
    if (slot === SLOT.scause || slot === SLOT.sstatus) return;
    const kind = this.kinds.of(thread, this.invoker, slot);
    if (slot === ROLE.badge && thread.badgeWritesLeft > 0) thread.badgeWritesLeft--;
    if (slot === SLOT.FaultIP && kind !== DELIVERY.registers) return;
    if (slot === SLOT.NextIP && !this.kinds.isRegisterTarget(thread)) return;
    this.deliver(thread, kind);
    this.observers.slotWritten(thread.id, slot);
  }

  private bufferWordWritten(buffer: number, index: number): void {
    const threads = this.threads.buffer(buffer)?.threads;
    if (threads === undefined || threads.length === 0) return;
    // Of threads that share a buffer, the one that something was delivered to is meant.
    const thread = threads.find((each) => each.trap === this.trap && each.tagWritten) ?? threads.find((each) => each === this.invoker) ?? threads[0]!;
    this.touch(thread);
    this.deliver(thread, this.kinds.of(thread, this.invoker, undefined));
    this.observers.bufferWordWritten(thread.id, index);
  }

  private deliver(thread: ObservedThread, kind: number): void {
    if (thread.kind === kind) return;
    thread.kind = kind;
    this.observers.delivery(thread.id, kind);
  }

  /** A fault without a handler is not recorded in the TCB: the thread is just made inactive. */
  private showUnhandledFault(): void {
    const { invoker } = this;
    if (invoker === undefined || this.faultFound === 0 || invoker.faultedInTrap || !invoker.stateWritten) return;
    if (invoker.shownState === STATE.Inactive) this.observers.faulted(invoker.id, this.faultFound);
  }

  private showOrphans(): void {
    if (this.withReplyLink.size === 0) return;
    for (const thread of this.withReplyLink) {
      if (thread.entryState === STATE.BlockedOnReply && thread.isOrphaned) this.observers.orphaned(thread.id);
    }
    this.withReplyLink.clear();
  }
}
