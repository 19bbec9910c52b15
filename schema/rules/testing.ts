// SPDX-License-Identifier: BSD-2-Clause
/** For tests of rules: trap records as sentences, and what the rules say of them. */
import { BUFFER_KINDS, BUFFER_RW, IPC_BUFFER, type BufferKind } from '../abi/ipc-buffer.ts';
import { CAP_TYPE, CAP_TYPE_NONE, INTERFACE_OF_CAP, type CapTypeName } from '../abi/cap-types.ts';
import { LAST_ERROR } from '../abi/errors.ts';
import { FAULT_LABELS, type FaultName } from '../abi/faults.ts';
import { packMessageInfo, type MessageInfo } from '../abi/message-info.ts';
import { MESSAGE_REGISTERS, ROLE } from '../abi/registers.ts';
import { syscallNumber, type SyscallName } from '../abi/syscalls.ts';
import { STATE, type ThreadStateName } from '../abi/thread-state.ts';
import { fromWordLike, writeWord, type WordLike } from '../abi/word.ts';
import type { InterfaceModel, Method } from '../idl/model.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, TrapRecord, type Cause, type Delivery, type DeliveryKind, type Outcome } from '../trace/trap-record.ts';
import { RuleEngine } from './engine.ts';
import { createReplyFacts, type ReplyFacts } from './reply-facts.ts';
import { checkReply } from './reply.ts';
import type { Anomaly } from './rule.ts';

/** Content of a delivery. Without `written` it is complete: badge, tag and every word of the length. */
export interface DeliveryContent {
  readonly badge?: WordLike;
  readonly tag?: Partial<MessageInfo>;
  readonly words?: readonly WordLike[];
  /** Sequence number of the answered trap. */
  readonly answers?: number;
  readonly written?: {
    readonly badge?: boolean;
    readonly tag?: boolean;
    /** Message words written; default those of the length. */
    readonly words?: readonly number[];
    /** More IPC buffer words written. */
    readonly bufferWords?: readonly number[];
    /** More context slots written. */
    readonly slots?: readonly number[];
  };
}

/** A capability by what is behind it, for system calls that invoke no method. */
type Target = CapTypeName | 'none';

/**
 * Builds one record. It starts as a system call of thread 1 that is done: the pc advanced, thread 1 runs on, with a
 * read-write IPC buffer.
 */
export class RecordBuilder {
  readonly record = new TrapRecord();
  private readonly model: InterfaceModel;

  constructor(model: InterfaceModel, seq: number) {
    this.model = model;
    const record = this.record;
    record.seq = seq;
    record.entryTime = seq * 10_000;
    record.exitTime = record.entryTime + 500;
    record.thread = record.next = 1;
    record.nextState = STATE.Running;
    record.bufferKind = BUFFER_RW;
    record.cptrLo = 0x10;
    record.flags = FLAG.pcAdvanced | FLAG.nextHasSchedContext;
    record.pcBeforeLo = 0x1000;
    record.pcAfterLo = 0x1004;
  }

  /** The thread that traps; it also runs next. */
  by(thread: number): this {
    this.record.thread = this.record.next = thread;
    return this;
  }

  at(pc: number): this {
    this.record.pcBeforeLo = pc;
    this.record.pcAfterLo = pc + 4;
    return this;
  }

  /** Entry and exit, ns. */
  time(entry: number, exit: number): this {
    this.record.entryTime = entry;
    this.record.exitTime = exit;
    return this;
  }

  buffer(kind: BufferKind): this {
    this.record.bufferKind = BUFFER_KINDS.indexOf(kind);
    return this;
  }

  /** The object behind the invoked capability. */
  on(object: number): this {
    this.record.object = object;
    return this;
  }

  cptr(cptr: number): this {
    this.record.cptrLo = cptr;
    return this;
  }

  call(method: string, ...words: WordLike[]): this {
    return this.invoke('Call', method, words);
  }

  send(method: string, ...words: WordLike[]): this {
    return this.invoke('Send', method, words);
  }

  /** Any system call on a capability, with an ordinary message. */
  syscall(name: SyscallName, target: Target = 'none', tag: Partial<MessageInfo> = {}, ...words: WordLike[]): this {
    const record = this.record;
    record.syscall = syscallNumber(this.model.configuration.scheduling, name);
    record.capType = target === 'none' ? CAP_TYPE_NONE : CAP_TYPE[target];
    this.request(tag, words);
    return this;
  }

  /** The request of a method by any system call. */
  invoke(name: SyscallName, id: string, words: readonly WordLike[]): this {
    const method = this.method(id);
    this.syscall(name, capOf(method), { label: method.label, length: words.length, extraCaps: method.capParameters.length }, ...words);
    this.record.method = method.label;
    return this;
  }

  /** Replaces the request's tag and words. */
  request(tag: Partial<MessageInfo>, words: readonly WordLike[] = []): this {
    const record = this.record;
    [record.tagLo, record.tagHi] = packed(tag);
    record.wordCount = words.length;
    words.forEach((w, i) => writeWord(record.words, i, fromWordLike(w)));
    return this;
  }

  cause(cause: Cause): this {
    this.record.cause = CAUSE[cause];
    return this;
  }

  /** A complete reply to the invoker; sets the outcome by its label. */
  reply(tag: Partial<MessageInfo> = {}, ...words: WordLike[]): this {
    return this.replyWith({ tag, words });
  }

  replyWith(content: DeliveryContent): this {
    const label = content.tag?.label ?? 0;
    this.record.outcome = label === 0 || label > LAST_ERROR ? OUTCOME.replied : OUTCOME.error;
    return this.deliver('reply', this.record.thread, content);
  }

  deliver(kind: DeliveryKind, thread: number, content: DeliveryContent = {}): this {
    const delivery = this.record.addDelivery();
    delivery.kind = DELIVERY[kind];
    delivery.thread = thread;
    delivery.answers = content.answers ?? (kind === 'reply' ? this.record.seq : 0);
    fill(delivery, content);
    return this;
  }

  /** A complete fault message to a handler. What it tells of the trap, its program counter and capability pointer, stands in whatever words are given for them. */
  faultMessage(handler: number, fault: FaultName, ...words: WordLike[]): this {
    if (fault !== 'Timeout' && words.length > 0) words[0] = this.record.pcBeforeLo;
    if (fault === 'CapFault' && words.length > 1) words[1] = this.record.cptrLo;
    const label = FAULT_LABELS[this.model.configuration.scheduling][fault]!;
    return this.deliver('fault', handler, { tag: { label, length: words.length }, words });
  }

  /** The invoker raises a fault. */
  faults(fault: FaultName, outcome: Outcome = 'faulted'): this {
    this.record.fault = FAULT_LABELS[this.model.configuration.scheduling][fault]!;
    return this.ends(outcome);
  }

  moves(thread: number, from: ThreadStateName, to: ThreadStateName, flags = 0): this {
    this.record.addTransition(thread, STATE[from], STATE[to], flags);
    return this;
  }

  /** How the trap ended. The pc stays for outcomes that execute the trap again. */
  ends(outcome: Outcome): this {
    this.record.outcome = OUTCOME[outcome];
    if (outcome === 'preempted' || outcome === 'outOfBudget' || outcome === 'stopped' || outcome === 'faulted') this.staysAtTrap();
    return this;
  }

  /** The kernel touched memory that it has no business with, see `STRAY`. */
  stray(kind: number, address = 0, pc = 0): this {
    this.record.stray = kind;
    this.record.strayAddressLo = address;
    this.record.strayPcLo = pc;
    return this;
  }

  staysAtTrap(): this {
    this.record.pcAfterLo = this.record.pcBeforeLo;
    return this.without('pcAdvanced');
  }

  next(thread: number, state: ThreadStateName = 'Running'): this {
    this.record.next = thread;
    this.record.nextState = STATE[state];
    return this;
  }

  with(flag: keyof typeof FLAG): this {
    this.record.flags |= FLAG[flag];
    return this;
  }

  without(flag: keyof typeof FLAG): this {
    this.record.flags &= ~FLAG[flag];
    return this;
  }

  private method(id: string): Method {
    const method = this.model.byId.get(id);
    if (method === undefined) throw new Error(`no method ${id} in ${this.model.name}`);
    return method;
  }
}

/** Records of one run, numbered from 1. */
export class TraceBuilder {
  readonly records: TrapRecord[] = [];
  private readonly model: InterfaceModel;

  constructor(model: InterfaceModel) {
    this.model = model;
  }

  record(): RecordBuilder {
    const builder = new RecordBuilder(this.model, this.records.length + 1);
    this.records.push(builder.record);
    return builder;
  }
}

/** What the rules say of a run. */
export function anomaliesOf(model: InterfaceModel, records: readonly TrapRecord[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const engine = new RuleEngine(model, (anomaly) => anomalies.push(anomaly));
  for (const record of records) engine.apply(record);
  return anomalies;
}

/** What a stub knows after an invocation: registers, and no log of writes. The registers before hold the request's words. */
export function stubFacts(model: InterfaceModel, id: string, syscall: 'Call' | 'Send', request: readonly WordLike[] = []): ReplyFacts {
  const method = model.byId.get(id)!;
  const facts = createReplyFacts();
  facts.isCall = syscall === 'Call';
  facts.method = method;
  facts.bufferKind = BUFFER_RW;
  facts.cptrLo = facts.badgeLo = 0x10;
  const [lo, hi] = packed({ label: method.label, length: request.length, extraCaps: method.capParameters.length });
  facts.requestTagLo = facts.tagLo = lo;
  facts.requestTagHi = facts.tagHi = hi;
  facts.requestWordCount = request.length;
  facts.wordCount = MESSAGE_REGISTERS;
  request.forEach((w, i) => {
    writeWord(facts.requestWords, i, fromWordLike(w));
    if (i >= MESSAGE_REGISTERS) return;
    writeWord(facts.registersBefore, i, fromWordLike(w));
    writeWord(facts.words, i, fromWordLike(w));
  });
  return facts;
}

/** Puts a reply into the registers of {@link stubFacts}. */
export function answer(facts: ReplyFacts, badge: number, tag: Partial<MessageInfo>, ...words: WordLike[]): ReplyFacts {
  facts.badgeLo = badge;
  [facts.tagLo, facts.tagHi] = packed(tag);
  facts.wordCount = Math.max(MESSAGE_REGISTERS, words.length);
  words.forEach((w, i) => writeWord(facts.words, i, fromWordLike(w)));
  return facts;
}

/** Ids of the rules that a reply breaks, in order. */
export function rulesBroken(facts: ReplyFacts): string[] {
  const ids: string[] = [];
  checkReply(facts, (rule) => ids.push(rule.id));
  return ids;
}

function fill(delivery: Delivery, content: DeliveryContent): void {
  const words = content.words ?? [];
  const tag = { length: words.length, ...content.tag };
  const written = content.written ?? {};
  const badge = fromWordLike(content.badge ?? 0);
  delivery.badgeLo = badge.lo;
  delivery.badgeHi = badge.hi;
  [delivery.tagLo, delivery.tagHi] = packed(tag);
  delivery.wordCount = Math.max(words.length, Math.min(tag.length, MESSAGE_REGISTERS));
  words.forEach((w, i) => writeWord(delivery.words, i, fromWordLike(w)));
  if (written.badge ?? true) setBit(delivery.slots, ROLE.badge);
  if (written.tag ?? true) setBit(delivery.slots, ROLE.tag);
  for (const i of written.words ?? Array.from({ length: tag.length }, (_, word) => word)) {
    if (i < MESSAGE_REGISTERS) setBit(delivery.slots, ROLE.mr0 + i);
    else setBit(delivery.bufferWords, IPC_BUFFER.msg + i);
  }
  for (const index of written.bufferWords ?? []) setBit(delivery.bufferWords, index);
  for (const slot of written.slots ?? []) setBit(delivery.slots, slot);
}

function setBit(set: Uint32Array, bit: number): void {
  set[bit >>> 5]! |= 1 << (bit & 31);
}

function packed(tag: Partial<MessageInfo>): [number, number] {
  const { lo, hi } = packMessageInfo({ label: 0, length: 0, extraCaps: 0, capsUnwrapped: 0, ...tag });
  return [lo, hi];
}

function capOf(method: Method): CapTypeName {
  const cap = (Object.entries(INTERFACE_OF_CAP) as [CapTypeName, string][]).find(([, name]) => name === method.interfaceName);
  if (cap === undefined) throw new Error(`no capability type for ${method.interfaceName}`);
  return cap[0];
}
