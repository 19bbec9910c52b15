// SPDX-License-Identifier: BSD-2-Clause
/** From what a kernel host shows of its traps to TrapRecords. */
import {
  BUFFER_RW, CAP_TYPE, CAP_TYPE_NONE, FAULT_LABELS, MESSAGE_REGISTERS, MSG_MAX_LENGTH, ROLE, SLOT, STATE, tagLabel, tagLength,
} from '../../schema/abi/index.ts';
import type { TraceSink } from '../../schema/trace/sink.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, STRAY, TRANSITION_FLAG, TrapRecord } from '../../schema/trace/trap-record.ts';
import type { Delivery } from '../../schema/trace/trap-record.ts';
import type { KernelObserver, KernelView } from '../host.ts';
import { USE, readRequest, readWords, syscallNumberIn, usesOf } from './request.ts';
import { ThreadTrack } from './thread-track.ts';

/** The same in every configuration. */
const UNKNOWN_SYSCALL = FAULT_LABELS.mcs.UnknownSyscall!;

/** Delivery kinds that are messages: their tag says how many words they have. */
const IS_MESSAGE = Uint8Array.from({ length: DELIVERY.other + 1 }, (_, kind) => Number(kind !== DELIVERY.registers && kind !== DELIVERY.other));

const TAG_BIT = 1 << ROLE.tag;

/**
 * Watches a kernel host from its construction on and hands one record for each trap to a sink, numbered from 1. The
 * record is filled again for the next trap. Nothing is allocated for a trap once all its threads are known.
 *
 * Writes and transitions outside a trap (while the host sets up the root task) belong to no record.
 */
export class Probe implements KernelObserver {
  private readonly host: KernelView;
  private readonly sink: TraceSink;
  private readonly uses: Uint8Array;
  private readonly record = new TrapRecord();
  private readonly tracks: (ThreadTrack | undefined)[] = [];
  private inTrap = false;
  private wasPreempted = false;
  private wasOutOfBudget = false;
  private use = 0;
  /** Final state of an invoker that was destroyed in its own trap is not the host's to tell any more. */
  private invokerDestroyed = false;

  constructor(host: KernelView, sink: TraceSink) {
    this.host = host;
    this.sink = sink;
    this.uses = usesOf(host.interfaces.configuration.scheduling);
    host.observe(this);
  }

  /** Sequence number of the last record, 0 before the first. */
  get lastSeq(): number {
    return this.inTrap ? this.record.seq - 1 : this.record.seq;
  }

  subject(id: number, capType: number, name: string): void {
    this.sink.subject({ id, type: capType, name });
  }

  destroyed(id: number): void {
    const track = this.tracks[id];
    if (track === undefined) return;
    if (this.inTrap) this.captureDestroyed(id, track);
    track.lanes = undefined;
    track.delivery = undefined;
  }

  entry(cause: number, thread: number, time: number): void {
    if (this.inTrap) throw new Error(`kernel entry at ${time} ns within the trap that began at ${this.record.entryTime} ns`);
    this.inTrap = true;
    this.wasPreempted = this.wasOutOfBudget = this.invokerDestroyed = false;
    this.use = 0;
    const { record } = this;
    const seq = record.seq + 1;
    record.reset();
    record.seq = seq;
    record.entryTime = time;
    record.cause = cause;
    record.thread = thread;
    if (thread !== 0) this.readInvoker(cause, thread);
  }

  invocation(capType: number, object: number, method: number): void {
    if (!this.inTrap) return;
    const { record } = this;
    const isReplyRecv = (this.use & USE.replyRecv) !== 0;
    if (record.capType !== CAP_TYPE_NONE && !(isReplyRecv && record.capType === CAP_TYPE.Reply)) return;
    // The cptr of a ReplyRecv is the source it receives from, unless its send half invokes a kernel object in place of a reply object.
    if (isReplyRecv && record.capType === CAP_TYPE_NONE && method !== 0) {
      record.cptrLo = record.replyLo;
      record.cptrHi = record.replyHi;
    }
    record.capType = capType;
    record.object = object;
    record.method = method;
  }

  delivery(thread: number, kind: number): void {
    if (!this.inTrap) return;
    const track = this.written(thread);
    if (track.kind === kind) return;
    track.kind = kind;
    track.delivery = undefined;
  }

  slotWritten(thread: number, slot: number): void {
    if (!this.inTrap) return;
    const track = this.written(thread);
    const { slots } = track.delivery ?? this.openDelivery(track, thread);
    slots[slot >>> 5]! |= 1 << (slot & 31);
  }

  bufferWordWritten(thread: number, index: number): void {
    if (!this.inTrap) return;
    const track = this.written(thread);
    if (track.bufferWrittenIn !== this.record.seq) this.firstBufferWrite(track, thread);
    const { bufferWords } = track.delivery ?? this.openDelivery(track, thread);
    bufferWords[index >>> 5]! |= 1 << (index & 31);
  }

  stateWritten(thread: number, from: number, to: number): void {
    if (this.inTrap) this.record.addTransition(thread, from, to);
  }

  orphaned(thread: number): void {
    if (!this.inTrap) return;
    const state = this.host.threadState(thread);
    this.record.addTransition(thread, state, state);
  }

  faulted(thread: number, label: number): void {
    if (!this.inTrap) return;
    const track = this.track(thread);
    track.awaits = this.record.seq;
    track.faultPending = true;
    if (thread === this.record.thread && this.record.fault === 0) this.record.fault = label;
  }

  strayAccess(kind: number, addressLo: number, addressHi: number, pcLo: number, pcHi: number): void {
    const { record } = this;
    if (!this.inTrap || record.stray !== STRAY.none) return;
    record.stray = kind;
    record.strayAddressLo = addressLo;
    record.strayAddressHi = addressHi;
    record.strayPcLo = pcLo;
    record.strayPcHi = pcHi;
  }

  preempted(): void {
    this.wasPreempted = true;
  }

  outOfBudget(): void {
    this.wasOutOfBudget = true;
  }

  yieldPending(thread: number, pending: boolean): void {
    const track = this.track(thread);
    track.yieldPending = pending;
    if (pending) track.yieldTrap = this.record.seq;
    else track.yieldEndedIn = this.record.seq;
  }

  exit(next: number, time: number, consumed: number, budget: number): void {
    if (!this.inTrap) throw new Error(`kernel exit at ${time} ns without an entry`);
    const { host, record } = this;
    record.exitTime = time;
    record.consumed = consumed;
    record.budget = budget;
    record.next = next;
    record.nextState = next === 0 ? STATE.IdleThreadState : host.threadState(next);
    for (let i = 0; i < record.deliveryCount; i++) this.finishDelivery(record.deliveries[i]!);
    this.finishTransitions();
    if (record.thread !== 0) this.finishInvoker();
    if (next === 0 || host.hasSchedContext === undefined || host.hasSchedContext(next)) record.flags |= FLAG.nextHasSchedContext;
    if (host.registersOnly === true) record.flags |= FLAG.registersOnly;
    this.inTrap = false;
    this.sink.record(record);
  }

  private readInvoker(cause: number, thread: number): void {
    const { host, record } = this;
    const track = this.track(thread);
    track.awaits = record.seq;
    track.faultPending = false;
    const lanes = this.lanesOf(track, thread);
    record.pcBeforeLo = lanes[2 * SLOT.FaultIP]!;
    record.pcBeforeHi = lanes[2 * SLOT.FaultIP + 1]!;
    record.bufferKind = host.bufferKind(thread);
    if (cause !== CAUSE.syscall && cause !== CAUSE.unknownSyscall) return;
    record.syscall = syscallNumberIn(lanes);
    this.use = this.uses[-record.syscall] ?? 0;
    // Length and extra caps together are more than 4 when either needs the buffer.
    const readsBuffer = (this.use & USE.message) !== 0 && (lanes[2 * ROLE.tag]! & 0x1ff) > MESSAGE_REGISTERS;
    readRequest(record, lanes, this.use, readsBuffer ? host.bufferLanes(thread) : undefined);
  }

  /** The track of a thread that the kernel writes to now. */
  private written(thread: number): ThreadTrack {
    const track = this.track(thread);
    if (track.writtenIn !== this.record.seq) {
      track.writtenIn = this.record.seq;
      track.kind = DELIVERY.other;
      track.delivery = undefined;
    }
    return track;
  }

  /** Whether the kernel may write the thread's buffer is known now; the invocation may give the thread another one. */
  private firstBufferWrite(track: ThreadTrack, thread: number): void {
    track.bufferWrittenIn = this.record.seq;
    if (this.host.bufferKind(thread) !== BUFFER_RW) this.strayAccess(STRAY.deniedBuffer, 0, 0, 0, 0);
  }

  /** The delivery of the thread's current kind: the one that this trap made before, or a new one. */
  private openDelivery(track: ThreadTrack, thread: number): Delivery {
    const { record } = this;
    for (let i = 0; i < record.deliveryCount; i++) {
      const earlier = record.deliveries[i]!;
      if (earlier.thread === thread && earlier.kind === track.kind) return (track.delivery = earlier);
    }
    const delivery = record.addDelivery();
    delivery.kind = track.kind;
    delivery.thread = thread;
    delivery.answers = this.answeredTrap(track, thread);
    return (track.delivery = delivery);
  }

  /** The trap that a delivery which begins now answers. */
  private answeredTrap(track: ThreadTrack, thread: number): number {
    const { record } = this;
    switch (track.kind) {
      case DELIVERY.reply:
        return thread === record.thread ? record.seq : track.awaits;
      case DELIVERY.lateReply:
        return track.yieldPending || track.yieldEndedIn === record.seq ? track.yieldTrap : 0;
      case DELIVERY.registers:
        // Invocations of a TCB write registers too, and answer nothing.
        return track.faultPending && record.capType !== CAP_TYPE.Thread ? track.awaits : 0;
      case DELIVERY.other:
        return 0;
      default:
        return track.awaits;
    }
  }

  /** Fills in what a delivery left in the thread's registers and buffer. */
  private finishDelivery(delivery: Delivery): void {
    const { record } = this;
    const { thread } = delivery;
    const track = this.track(thread);
    if (track.destroyedIn !== record.seq) this.readDelivered(delivery, this.lanesOf(track, thread));
    if (delivery.answers === 0 || delivery.kind === DELIVERY.lateReply) return;
    track.awaits = 0;
    track.faultPending = false;
  }

  private readDelivered(delivery: Delivery, lanes: Uint32Array): void {
    delivery.badgeLo = lanes[2 * ROLE.badge]!;
    delivery.badgeHi = lanes[2 * ROLE.badge + 1]!;
    delivery.tagLo = lanes[2 * ROLE.tag]!;
    delivery.tagHi = lanes[2 * ROLE.tag + 1]!;
    const said = IS_MESSAGE[delivery.kind] === 1 && (delivery.slots[0]! & TAG_BIT) !== 0 ? Math.min(tagLength(delivery.tagLo), MSG_MAX_LENGTH) : 0;
    const count = Math.max(said, writtenWords(delivery));
    const buffer = count > MESSAGE_REGISTERS ? this.host.bufferLanes(delivery.thread) : undefined;
    delivery.wordCount = readWords(delivery.words, count, lanes, buffer);
  }

  /** Transitions of one thread mostly come together, and have the same flags. */
  private finishTransitions(): void {
    const { record } = this;
    let thread = 0;
    let flags = 0;
    for (let i = 0; i < record.transitionCount; i++) {
      const transition = record.transitions[i]!;
      if (transition.thread !== thread) {
        thread = transition.thread;
        flags = thread === 0 ? 0 : this.transitionFlags(thread);
      }
      transition.flags = flags;
    }
  }

  private transitionFlags(thread: number): number {
    const track = this.track(thread);
    if (track.destroyedIn === this.record.seq) return TRANSITION_FLAG.destroyed | (track.pcBehind ? TRANSITION_FLAG.pcBehind : 0);
    const condition = this.host.condition?.(thread) ?? 0;
    return isPcBehind(this.lanesOf(track, thread)) ? condition | TRANSITION_FLAG.pcBehind : condition;
  }

  private finishInvoker(): void {
    const { host, record } = this;
    const track = this.track(record.thread);
    const state = this.invokerDestroyed ? STATE.Inactive : record.thread === record.next ? record.nextState : host.threadState(record.thread);
    if (this.invokerDestroyed) record.flags |= FLAG.invokerDestroyed;
    else this.readPcAfter(this.lanesOf(track, record.thread), state);
    if (record.pcAfterLo !== record.pcBeforeLo || record.pcAfterHi !== record.pcBeforeHi) record.flags |= FLAG.pcAdvanced;
    if (track.yieldPending) record.flags |= FLAG.yieldPending;
    // A system call that the kernel does not have is seen by the fault it raises.
    if (record.cause === CAUSE.syscall && record.fault === UNKNOWN_SYSCALL) record.cause = CAUSE.unknownSyscall;
    record.outcome = this.outcome(state);
    if (record.outcome === OUTCOME.error && host.changedCapabilities?.() === true) record.flags |= FLAG.refusedWithEffect;
    if (record.outcome !== OUTCOME.blocked && record.outcome !== OUTCOME.faulted) track.awaits = 0;
  }

  /** Where the thread goes on: the restart pc if it will be resumed by Restart, otherwise the resume pc. */
  private readPcAfter(lanes: Uint32Array, state: number): void {
    const { record } = this;
    const slot = state === STATE.Restart || state === STATE.Inactive || record.fault !== 0 ? SLOT.FaultIP : SLOT.NextIP;
    record.pcAfterLo = lanes[2 * slot]!;
    record.pcAfterHi = lanes[2 * slot + 1]!;
  }

  private outcome(state: number): number {
    const { record } = this;
    if (record.fault !== 0) return OUTCOME.faulted;
    if (this.wasPreempted) return OUTCOME.preempted;
    if (this.wasOutOfBudget) return OUTCOME.outOfBudget;
    if (state === STATE.Inactive) return OUTCOME.stopped;
    if (state >= STATE.BlockedOnReceive && state <= STATE.BlockedOnNotification) return OUTCOME.blocked;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.reply || delivery.thread !== record.thread || (delivery.slots[0]! & TAG_BIT) === 0) continue;
      return tagLabel(delivery.tagLo, delivery.tagHi) === 0 ? OUTCOME.replied : OUTCOME.error;
    }
    return OUTCOME.completed;
  }

  /** The registers of a destroyed thread are gone at kernel exit: what the record needs of them is read now. */
  private captureDestroyed(thread: number, track: ThreadTrack): void {
    const { record } = this;
    const lanes = this.lanesOf(track, thread);
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.thread === thread) this.readDelivered(delivery, lanes);
    }
    track.destroyedIn = record.seq;
    track.pcBehind = isPcBehind(lanes);
    if (thread !== record.thread) return;
    this.invokerDestroyed = true;
    this.readPcAfter(lanes, STATE.Inactive);
  }

  private track(thread: number): ThreadTrack {
    return this.tracks[thread] ?? this.addTrack(thread);
  }

  private addTrack(thread: number): ThreadTrack {
    // Without holes the array stays a fast one; ids are small.
    while (this.tracks.length < thread) this.tracks.push(undefined);
    return (this.tracks[thread] = new ThreadTrack());
  }

  private lanesOf(track: ThreadTrack, thread: number): Uint32Array {
    return (track.lanes ??= this.host.registers(thread));
  }
}

function isPcBehind(lanes: Uint32Array): boolean {
  return lanes[2 * SLOT.FaultIP] !== lanes[2 * SLOT.NextIP] || lanes[2 * SLOT.FaultIP + 1] !== lanes[2 * SLOT.NextIP + 1];
}

/** IPC buffer words 5 to 120 are message words 4 to 119, in the four lanes of a set of buffer words. */
const MESSAGE_WORD_BITS = [0xffff_ffe0, 0xffff_ffff, 0xffff_ffff, 0x01ff_ffff];

/** One more than the highest message word that was written; 0 when none was. */
function writtenWords(delivery: Delivery): number {
  for (let lane = 3; lane >= 0; lane--) {
    const bits = delivery.bufferWords[lane]! & MESSAGE_WORD_BITS[lane]!;
    if (bits !== 0) return 32 * lane + 31 - Math.clz32(bits);
  }
  const registers = (delivery.slots[0]! >>> ROLE.mr0) & ((1 << MESSAGE_REGISTERS) - 1);
  return 32 - Math.clz32(registers);
}
