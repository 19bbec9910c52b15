// SPDX-License-Identifier: BSD-2-Clause
/**
 * What the records of a run say of its threads up to some record: the state of each and since when, and who used which
 * object how. One pass over a few columns of all chunks; only chunks with invocations that set threads up are decoded whole.
 */
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { SYSCALL_NUMBERS } from '../../../schema/abi/syscalls.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { syscallClasses, SYSCALL_CLASS } from '../../../schema/rules/syscall-class.ts';
import type { BatchScan} from '../../../schema/trace/batch.ts';
import { BatchReader, unzigzag } from '../../../schema/trace/batch.ts';
import { STATE_AFTER } from '../../../schema/trace/batch-layout.ts';
import { CAUSE, OUTCOME, TRANSITION_FLAG, TrapRecord } from '../../../schema/trace/trap-record.ts';
import { Setup } from './setup.ts';

/** One thread as the records leave it. */
export class ThreadHistory {
  readonly id: number;
  /** Last state known, -1 before any; the one before it; when it was entered. */
  state = -1;
  stateBefore = -1;
  sinceSeq = 0;
  sinceTime = 0;
  /** `TRANSITION_FLAG` of its last transition, its record, and who made that trap. */
  flags = 0;
  changedSeq = 0;
  changedBy = 0;
  /** Its last entry into the kernel, of any cause, 0 before any; and the last that it made itself. */
  lastEntry = 0;
  lastTrap = 0;
  /** Of that trap. */
  syscall = 0;
  capType = 0;
  object = 0;
  fault = 0;
  /** Last record after which it ran. */
  lastRan = 0;
  destroyed = false;

  constructor(id: number) {
    this.id = id;
  }
}

/** Last record in which a thread used an object in a way, 0 for never. */
export interface Use {
  readonly thread: number;
  /** Sent a message, signalled, answered. */
  sent: number;
  /** Received or waited. */
  received: number;
  /** Invoked it as a kernel object. */
  invoked: number;
}

export class RunHistory {
  readonly threads = new Map<number, ThreadHistory>();
  readonly setup: Setup;
  /** Last record that was taken, when it ended, and who runs after it (0: nobody). */
  lastSeq = 0;
  lastTime = 0;
  running = 0;
  private readonly interfaces: InterfaceModel;
  private readonly uses = new Map<number, Map<number, Use>>();
  private readonly classes: Uint8Array;
  private readonly replyRecv: number;
  private readonly record = new TrapRecord();

  constructor(interfaces: InterfaceModel) {
    this.interfaces = interfaces;
    this.setup = new Setup(interfaces);
    this.classes = syscallClasses(interfaces.configuration.scheduling);
    this.replyRecv = SYSCALL_NUMBERS[interfaces.configuration.scheduling].ReplyRecv!;
  }

  thread(id: number): ThreadHistory {
    let thread = this.threads.get(id);
    if (thread === undefined) this.threads.set(id, (thread = new ThreadHistory(id)));
    return thread;
  }

  /** Who used an object. */
  usersOf(object: number): Use[] {
    return [...this.uses.get(object)?.values() ?? []];
  }

  /** Takes the records of the next chunk up to record `last`. */
  take(scan: BatchScan, body: Uint8Array, last: number): void {
    const { firstSeq } = scan.header;
    const count = Math.min(scan.header.count, last - firstSeq + 1);
    if (count <= 0) return;
    const [causes, threads, syscalls, capTypes, objects] = [scan.column('cause'), scan.column('thread'), scan.column('syscall'), scan.column('capType'), scan.column('object')];
    const [methods, outcomes, faults, next] = [scan.column('method'), scan.column('outcome'), scan.column('fault'), scan.column('next')];
    const entryTimes = scan.entryTimes();
    const transitions = scan.transitions();
    let setsUp = false;
    for (let i = 0; i < count; i++) {
      const seq = firstSeq + i;
      const id = threads[i]!;
      if (id !== 0) {
        const thread = this.thread(id);
        thread.lastEntry = seq;
        thread.fault = faults[i]!;
        if (causes[i]! < CAUSE.interrupt) {
          const syscall = unzigzag(syscalls[i]!);
          thread.lastTrap = seq;
          thread.syscall = syscall;
          thread.capType = capTypes[i]!;
          thread.object = objects[i]!;
          if (objects[i] !== 0 && outcomes[i] !== OUTCOME.error) this.use(seq, id, objects[i]!, capTypes[i]!, syscall);
        }
      }
      for (let k = transitions.first[i]!; k < transitions.first[i + 1]!; k++) {
        this.change(seq, entryTimes[i]!, id, transitions.thread[k]!, transitions.change[k]!, transitions.flags[k]!);
      }
      if (next[i] !== 0) this.thread(next[i]!).lastRan = seq;
      setsUp ||= outcomes[i] !== OUTCOME.error && this.setup.wants(methods[i]!);
    }
    this.noteCapabilities(body, scan, count, setsUp);
    this.lastSeq = firstSeq + count - 1;
    this.running = next[count - 1]!;
    this.lastTime = count === scan.header.count ? scan.header.lastTime : entryTimes[count - 1]!;
  }

  private use(seq: number, thread: number, object: number, capType: number, syscall: number): void {
    let users = this.uses.get(object);
    if (users === undefined) this.uses.set(object, (users = new Map()));
    let use = users.get(thread);
    if (use === undefined) users.set(thread, (use = { thread, sent: 0, received: 0, invoked: 0 }));
    if (capType !== CAP_TYPE.Endpoint && capType !== CAP_TYPE.Notification && capType !== CAP_TYPE.Reply) use.invoked = seq;
    // Of the combined system calls, ReplyRecv names the object that it receives from, the others the one that they send to.
    else if (isReceive(this.classes[-syscall] ?? SYSCALL_CLASS.none) || syscall === this.replyRecv) use.received = seq;
    else use.sent = seq;
  }

  private change(seq: number, time: number, by: number, id: number, change: number, flags: number): void {
    if (id === 0) return;
    const thread = this.thread(id);
    const to = Math.floor(change / STATE_AFTER);
    // Within one trap a thread may go through several states; it was before in the one before the first.
    if (to !== thread.state) {
      if (thread.sinceSeq !== seq) thread.stateBefore = change % STATE_AFTER;
      thread.state = to;
      thread.sinceSeq = seq;
      thread.sinceTime = time;
    }
    thread.flags = flags;
    thread.changedSeq = seq;
    thread.changedBy = by;
    if ((flags & TRANSITION_FLAG.destroyed) !== 0) thread.destroyed = true;
  }

  /** Which capability pointer of a thread leads to which object, and what its invocations set up. */
  private noteCapabilities(body: Uint8Array, scan: BatchScan, count: number, setsUp: boolean): void {
    const [threads, objects] = [scan.column('thread'), scan.column('object')];
    const cptrs = scan.capabilityPointers();
    for (let i = 0; i < count; i++) {
      if (objects[i] !== 0 && cptrs[2 * i + 1] === 0) this.setup.leadsTo(threads[i]!, cptrs[2 * i]!, objects[i]!);
    }
    if (!setsUp) return;
    const [methods, outcomes] = [scan.column('method'), scan.column('outcome')];
    const reader = new BatchReader(body);
    for (let i = 0; i < count; i++) {
      if (outcomes[i] === OUTCOME.error || !this.setup.wants(methods[i]!)) continue;
      reader.read(i, this.record);
      this.setup.take(this.record, this.interfaces.byLabel[methods[i]!]!.id);
    }
  }
}

function isReceive(kind: number): boolean {
  return kind === SYSCALL_CLASS.receive || kind === SYSCALL_CLASS.nbReceive;
}
