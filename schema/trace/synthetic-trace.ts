// SPDX-License-Identifier: BSD-2-Clause
/**
 * A made-up trace of an MCS system for measurements of size and speed: a root task that invokes kernel objects, clients that
 * call a server, a driver that is signalled. Shares, message sizes and addresses are like those of real programs.
 */
import { CAP_TYPE, CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { BUFFER_RW } from '../abi/ipc-buffer.ts';
import { ROLE } from '../abi/registers.ts';
import { SYSCALL_NUMBERS } from '../abi/syscalls.ts';
import { STATE } from '../abi/thread-state.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, TRANSITION_FLAG, TrapRecord } from './trap-record.ts';
import type { Delivery } from './trap-record.ts';

const SYSCALL = SYSCALL_NUMBERS.mcs;
const ROOT = 1;
const SERVER = 2;
const DRIVER = 3;
const CLIENTS = [4, 5, 6] as const;
const ENDPOINT = 20;
const NOTIFICATION = 21;
const BUDGET_NS = 5_000_000;
const SITES = 300;

/** A kernel object's method as far as the trace shows it. */
const METHODS = [
  { label: 1, capType: CAP_TYPE.Untyped, words: 6, caps: 1, out: 0 },
  { label: 4, capType: CAP_TYPE.Thread, words: 3, caps: 0, out: 0 },
  { label: 22, capType: CAP_TYPE.CNode, words: 5, caps: 1, out: 0 },
  { label: 25, capType: CAP_TYPE.CNode, words: 2, caps: 0, out: 0 },
  { label: 38, capType: CAP_TYPE.SchedContext, words: 0, caps: 0, out: 1 },
  { label: 43, capType: CAP_TYPE.Frame, words: 3, caps: 1, out: 0 },
  { label: 45, capType: CAP_TYPE.Frame, words: 0, caps: 0, out: 1 },
] as const;

/** Makes `count` records from a seed, one at a time, in one object that is filled again. */
export class SyntheticTrace {
  private readonly record = new TrapRecord();
  private readonly count: number;
  private state: number;
  private time = 1_000_000;
  private budget = BUDGET_NS;
  private lastCall = 0;
  private client: number = CLIENTS[0];

  constructor(count: number, seed = 1) {
    this.count = count;
    this.state = seed >>> 0 || 1;
  }

  /** The next record, valid until the next call; undefined after the last one. */
  next(): TrapRecord | undefined {
    if (this.record.seq >= this.count) return undefined;
    const kind = this.below(100);
    if (this.lastCall !== 0) this.serve();
    else if (kind < 50) this.invoke();
    else if (kind < 80) this.callServer();
    else if (kind < 97) this.signal();
    else this.yield();
    return this.record;
  }

  /** A root task's Call of a method, answered with success, words, or one time in twelve with an error. */
  private invoke(): void {
    const method = METHODS[this.below(METHODS.length)]!;
    const record = this.enter(ROOT, SYSCALL.Call!, 16 + this.below(200), method.capType, 100 + this.below(400));
    record.method = method.label;
    record.tagLo = (method.label << 12) | (method.caps << 7) | method.words;
    record.wordCount = method.words;
    for (let i = 0; i < method.words; i++) this.word(record.words, i);
    record.capCount = method.caps;
    for (let i = 0; i < method.caps; i++) record.caps[2 * i] = 1 + this.below(200);
    record.addTransition(ROOT, STATE.Running, STATE.Restart, TRANSITION_FLAG.pcBehind);
    record.addTransition(ROOT, STATE.Restart, STATE.Running, TRANSITION_FLAG.pcBehind);
    const error = this.below(12) === 0 ? 1 + this.below(10) : 0;
    record.outcome = error === 0 ? OUTCOME.replied : OUTCOME.error;
    const length = error === 0 ? method.out : Math.min(error, 2);
    const delivery = this.deliver(DELIVERY.reply, ROOT, record.seq, length);
    delivery.tagLo = (error << 12) | length;
    this.leave(ROOT);
  }

  private callServer(): void {
    const client = CLIENTS[this.below(CLIENTS.length)]!;
    this.client = client;
    const record = this.enter(client, SYSCALL.Call!, 8, CAP_TYPE.Endpoint, ENDPOINT);
    const length = this.below(5);
    record.tagLo = (this.below(8) << 12) | length;
    record.wordCount = length;
    for (let i = 0; i < length; i++) this.word(record.words, i);
    record.outcome = OUTCOME.blocked;
    record.addTransition(client, STATE.Running, STATE.BlockedOnReply, TRANSITION_FLAG.pcBehind);
    record.addTransition(SERVER, STATE.BlockedOnReceive, STATE.Running, TRANSITION_FLAG.pcBehind);
    const delivery = this.deliver(DELIVERY.message, SERVER, Math.max(1, record.seq - 2), length);
    delivery.badgeLo = client;
    delivery.tagLo = record.tagLo;
    this.lastCall = record.seq;
    this.leave(SERVER);
  }

  private serve(): void {
    const record = this.enter(SERVER, SYSCALL.ReplyRecv!, 9, CAP_TYPE.Endpoint, ENDPOINT);
    record.replyLo = 10;
    const length = this.below(3);
    record.tagLo = length;
    record.wordCount = length;
    for (let i = 0; i < length; i++) this.word(record.words, i);
    record.outcome = OUTCOME.blocked;
    record.addTransition(this.client, STATE.BlockedOnReply, STATE.Running, TRANSITION_FLAG.pcBehind);
    record.addTransition(SERVER, STATE.Running, STATE.BlockedOnReceive, TRANSITION_FLAG.pcBehind);
    const delivery = this.deliver(DELIVERY.message, this.client, this.lastCall, length);
    delivery.tagLo = length;
    this.lastCall = 0;
    this.leave(this.client);
  }

  private signal(): void {
    const record = this.enter(ROOT, SYSCALL.Send!, 11, CAP_TYPE.Notification, NOTIFICATION);
    record.addTransition(DRIVER, STATE.BlockedOnNotification, STATE.Running, TRANSITION_FLAG.pcBehind);
    const delivery = this.deliver(DELIVERY.signal, DRIVER, Math.max(1, record.seq - 1 - this.below(20)), 0);
    delivery.badgeLo = 1 << this.below(12);
    delivery.slots[0] = 1 << ROLE.badge;
    this.leave(ROOT);
  }

  private yield(): void {
    this.enter(ROOT, SYSCALL.Yield!, 0, CAP_TYPE_NONE, 0);
    this.leave(ROOT);
  }

  private enter(thread: number, syscall: number, cptr: number, capType: number, object: number): TrapRecord {
    const { record } = this;
    const seq = record.seq + 1;
    record.reset();
    record.seq = seq;
    record.cause = CAUSE.syscall;
    record.entryTime = this.time += 300 + this.below(1500);
    record.thread = thread;
    record.syscall = syscall;
    record.cptrLo = cptr;
    record.capType = capType;
    record.object = object;
    record.bufferKind = BUFFER_RW;
    record.pcBeforeLo = 0x1_0000 * thread + 4 * this.below(SITES);
    return record;
  }

  private leave(next: number): void {
    const { record } = this;
    record.exitTime = this.time += 400 + this.below(1000);
    record.pcAfterLo = record.pcBeforeLo + 4;
    record.flags = FLAG.pcAdvanced | FLAG.nextHasSchedContext;
    record.next = next;
    record.nextState = STATE.Running;
    record.consumed = record.exitTime - record.entryTime + this.below(1500);
    this.budget = this.budget < 10_000 ? BUDGET_NS : this.budget - record.consumed;
    record.budget = this.budget;
  }

  private deliver(kind: number, thread: number, answers: number, length: number): Delivery {
    const delivery = this.record.addDelivery();
    delivery.kind = kind;
    delivery.thread = thread;
    delivery.answers = answers;
    delivery.wordCount = length;
    for (let i = 0; i < length; i++) this.word(delivery.words, i);
    delivery.slots[0] = ((1 << (2 + Math.min(length, 4))) - 1) << ROLE.badge;
    return delivery;
  }

  /** Mostly small numbers, sometimes an address, rarely a word with all bits in use. */
  private word(lanes: Uint32Array, index: number): void {
    const kind = this.below(10);
    lanes[2 * index] = kind < 7 ? this.below(100) : kind < 9 ? 0x8000_0000 + 4096 * this.below(4096) : this.below(0x1_0000) * 0x1_0000 + this.below(0x1_0000);
    lanes[2 * index + 1] = kind < 9 ? 0 : this.below(0x1_0000) * 0x1_0000;
  }

  private below(n: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % n;
  }
}
