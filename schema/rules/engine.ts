// SPDX-License-Identifier: BSD-2-Clause
/** Runs the rules over the records of one run, in sequence order. */
import { BUFFER_KINDS } from '../abi/ipc-buffer.ts';
import { CAP_TYPE } from '../abi/cap-types.ts';
import { STATE } from '../abi/thread-state.ts';
import { syscallName } from '../abi/syscalls.ts';
import type { InterfaceModel, Method } from '../idl/model.ts';
import type { BatchReader } from '../trace/batch.ts';
import type { Subject } from '../trace/names.ts';
import { CAUSE, CAUSES, DELIVERY, FLAG, OUTCOME, OUTCOMES, STRAY, TRANSITION_FLAG, TrapRecord, type Delivery, type Transition } from '../trace/trap-record.ts';
import { TRACE_RULES } from './catalogue.ts';
import { answersThisTrap } from './deliveries.ts';
import { copiesOntoItself } from './progress.ts';
import { PlainRecords } from './plain-records.ts';
import { createReplyFacts, type ReplyFacts } from './reply-facts.ts';
import { checkReply } from './reply.ts';
import { RunState, ThreadKnowledge, owesReply, type RunSnapshot } from './run-state.ts';
import { TRIGGER, type Anomaly, type Report, type TraceContext, type TraceRule } from './rule.ts';
import { SYSCALL_CLASS, syscallClasses } from './syscall-class.ts';
import { anyBufferWord, hasOtherSlot } from './written.ts';

type MutableContext = { -readonly [Field in keyof TraceContext]: TraceContext[Field] };

/** Flags that are just `pcAdvanced` for a system call that is done and over. */
const GOES_ON = FLAG.pcAdvanced | FLAG.yieldPending | FLAG.invokerDestroyed;

/** Stands for the idle thread: never changed, so a rule learns nothing from it. */
const NOBODY = new ThreadKnowledge();

const NO_SLOTS = new Uint32Array(2);
const NO_BUFFER_WORDS = new Uint32Array(4);

/**
 * Asks every rule about every record and remembers what later records need. Feed it the records of one run in sequence
 * order; it never throws on what a record says. A clean record costs no allocation.
 */
export class RuleEngine {
  private readonly context: MutableContext;
  private readonly onAnomaly: (anomaly: Anomaly) => void;
  private readonly classes: Uint8Array;
  /** Rules to ask for invocations of a method, by label. */
  private readonly byMethod: readonly (readonly TraceRule[] | undefined)[];
  private readonly plain: PlainRecords;
  private readonly facts: ReplyFacts = createReplyFacts();
  private readonly mergedSlots = new Uint32Array(2);
  private readonly mergedBufferWords = new Uint32Array(4);
  /** Thread and method that a report is about if the rule does not say otherwise. */
  private subjectThread = 0;
  private subjectMethod: Method | undefined;
  private readonly report: Report = (info, detail, thread, about) => {
    const record = this.context.record;
    const method = (about ?? this.subjectMethod)?.id ?? this.entryName();
    this.onAnomaly({
      rule: info.id, severity: info.severity, seq: record.seq, thread: thread ?? this.subjectThread, method, detail,
      fingerprint: `${info.id}/${method}/${this.situation()}`,
    });
  };

  constructor(model: InterfaceModel, onAnomaly: (anomaly: Anomaly) => void) {
    this.onAnomaly = onAnomaly;
    const scheduling = model.configuration.scheduling;
    this.classes = syscallClasses(scheduling);
    this.byMethod = model.byLabel.map((method) => method && rulesFor(method));
    this.plain = new PlainRecords(model, ({ label }) => this.byMethod[label] !== undefined);
    this.context = {
      record: new TrapRecord(), model, mcs: scheduling === 'mcs', method: undefined, syscallClass: 0, done: false,
      invokerState: 0, run: new RunState(), invoker: NOBODY, next: NOBODY,
    };
  }

  /** An engine that goes on where another one was when it made the snapshot. Throws a TypeError for anything else. */
  static restore(model: InterfaceModel, onAnomaly: (anomaly: Anomaly) => void, snapshot: RunSnapshot): RuleEngine {
    const engine = new RuleEngine(model, onAnomaly);
    engine.context.run = RunState.restore(snapshot);
    return engine;
  }

  /** What the engine knows of the run, as plain JSON. */
  snapshot(): RunSnapshot {
    return this.context.run.snapshot();
  }

  /** Takes note of a name; findings call threads by it. */
  subject(subject: Subject): void {
    this.context.run.subject(subject);
  }

  /** Runs the rules over the next record. The record is not kept. */
  apply(record: TrapRecord): void {
    if ((record.flags & FLAG.registersOnly) !== 0) return;
    const context = this.context;
    this.enter(record);
    this.checkOwnReply();
    const triggers = this.triggers();
    if (triggers !== 0) {
      if ((triggers & TRIGGER.lateReply) !== 0) this.checkLateReplies();
      this.ask(rulesOn(triggers));
    }
    if (context.method !== undefined) {
      const rules = this.byMethod[context.method.label];
      if (rules !== undefined) this.ask(rules);
    }
    context.run.apply(context);
  }

  /**
   * Runs the rules over the records of the next batch, from index `first` on: as {@link apply} over each, but faster.
   * @param record filled with each record that rules are asked about, and so with the one of a finding
   */
  applyBatch(batch: BatchReader, record: TrapRecord, first = 0): void {
    for (let row = first; row < batch.count;) {
      const next = this.plain.take(batch, row, this.context.run);
      if (next === row) {
        batch.read(row++, record);
        this.apply(record);
      } else {
        row = next;
      }
    }
  }

  /** Asks rules about the record at hand. A subclass may take note of which. */
  protected ask(rules: readonly TraceRule[]): void {
    for (let i = 0; i < rules.length; i++) rules[i]!.check(this.context, this.report);
  }

  private enter(record: TrapRecord): void {
    const context = this.context;
    const run = context.run;
    const outcome = record.outcome;
    context.record = record;
    context.method = record.method > 0 ? context.model.byLabel[record.method] : undefined;
    context.syscallClass = record.cause === CAUSE.boot ? SYSCALL_CLASS.none : this.classes[-record.syscall] ?? SYSCALL_CLASS.none;
    context.done = outcome === OUTCOME.completed || outcome === OUTCOME.replied || outcome === OUTCOME.error;
    context.invoker = record.thread === 0 ? NOBODY : run.thread(record.thread);
    context.next = record.next === 0 ? NOBODY : record.next === record.thread ? context.invoker : run.thread(record.next);
    context.invokerState = stateOfInvoker(record);
    this.subjectThread = record.thread;
    this.subjectMethod = context.method;
  }

  /** The triggers of the record at hand, see `TRIGGER`. */
  private triggers(): number {
    const { record, syscallClass, invokerState, done, invoker, next, run } = this.context;
    const flags = record.flags;
    let set = 0;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.reply || delivery.thread !== record.thread) set |= triggerOf(delivery.kind);
      if (anyBufferWord(delivery.bufferWords)) set |= TRIGGER.bufferWrite;
      if (delivery.kind !== DELIVERY.registers && hasOtherSlot(delivery.slots)) set |= TRIGGER.otherSlots;
    }
    for (let i = 0; i < record.transitionCount; i++) {
      const transition = record.transitions[i]!;
      if (transition.thread === record.thread) {
        if ((transition.flags & MISPLACED) !== 0) set |= TRIGGER.flagged;
        continue;
      }
      set |= TRIGGER.transition;
      if (transition.flags !== 0 && isRemarkable(transition)) set |= TRIGGER.flagged;
    }
    if (!done || invokerState !== STATE.Running || record.capType === CAP_TYPE.Endpoint) set |= TRIGGER.transition;
    if ((flags & GOES_ON) !== FLAG.pcAdvanced) {
      if ((flags & FLAG.invokerDestroyed) !== 0) set |= TRIGGER.flagged;
      if ((flags & FLAG.yieldPending) !== 0) set |= TRIGGER.yieldPending;
      if ((flags & FLAG.pcAdvanced) === 0 && record.cause === CAUSE.syscall) set |= TRIGGER.stayed;
    }
    if (record.outcome === OUTCOME.error) set |= TRIGGER.error;
    else if (record.outcome === OUTCOME.preempted) set |= TRIGGER.preempted;
    if (record.stray !== STRAY.none) set |= TRIGGER.stray;
    if (syscallClass === SYSCALL_CLASS.debug) set |= TRIGGER.debug;
    if (record.nextState !== STATE.Running || (flags & FLAG.nextHasSchedContext) === 0) set |= TRIGGER.exit;
    if (next.yieldPending) set |= TRIGGER.yieldPending;
    if (invoker.takenFromAnswer) set |= TRIGGER.takenFromAnswer;
    if (run.anyDestroyed) set |= TRIGGER.destroyedBefore;
    return set;
  }

  /** Runs the reply rules over the invoker's own invocation, if it is through and the kernel had to answer or did. */
  private checkOwnReply(): void {
    const context = this.context;
    const { record, method } = context;
    if (!context.done || record.cause !== CAUSE.syscall || (record.flags & FLAG.invokerDestroyed) !== 0) return;
    const owed = owesReply(context);
    if (copiesOntoItself(record, method?.id)) return;
    const reply = this.ownReply();
    if (reply === undefined && !owed) return;
    const facts = this.facts;
    facts.isCall = owed;
    facts.method = method;
    facts.yieldPending = (record.flags & FLAG.yieldPending) !== 0;
    this.fillRequest(record);
    if (reply === undefined) this.fillUnanswered(record);
    else this.fillReply(reply);
    checkReply(facts, this.report);
  }

  /** The invoker's direct reply, or the late one that overtook it in the same trap; several writes count as one reply. */
  private ownReply(): Delivery | undefined {
    const record = this.context.record;
    let reply: Delivery | undefined;
    let merged = false;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (answersThisTrap(delivery, record)) return owesReply(this.context) ? this.useSlotsOf(delivery) : undefined;
      if (delivery.kind !== DELIVERY.reply || delivery.thread !== record.thread) continue;
      if (reply !== undefined) {
        this.merge(reply, delivery, merged);
        merged = true;
      }
      reply = delivery;
    }
    return reply === undefined || merged ? reply : this.useSlotsOf(reply);
  }

  private useSlotsOf(delivery: Delivery): Delivery {
    this.facts.slots = delivery.slots;
    this.facts.bufferWords = delivery.bufferWords;
    return delivery;
  }

  private merge(first: Delivery, second: Delivery, again: boolean): void {
    const { mergedSlots, mergedBufferWords } = this;
    if (!again) {
      mergedSlots.set(first.slots);
      mergedBufferWords.set(first.bufferWords);
    }
    for (let i = 0; i < mergedSlots.length; i++) mergedSlots[i]! |= second.slots[i]!;
    for (let i = 0; i < mergedBufferWords.length; i++) mergedBufferWords[i]! |= second.bufferWords[i]!;
    this.facts.slots = mergedSlots;
    this.facts.bufferWords = mergedBufferWords;
  }

  private fillRequest(record: TrapRecord): void {
    const facts = this.facts;
    facts.hasWriteLog = true;
    facts.cptrLo = record.cptrLo;
    facts.cptrHi = record.cptrHi;
    facts.requestTagLo = record.tagLo;
    facts.requestTagHi = record.tagHi;
    facts.requestWordCount = record.wordCount;
    facts.requestWords = record.words;
    facts.bufferKind = record.bufferKind;
  }

  private fillReply(delivery: Delivery): void {
    const facts = this.facts;
    facts.badgeLo = delivery.badgeLo;
    facts.badgeHi = delivery.badgeHi;
    facts.tagLo = delivery.tagLo;
    facts.tagHi = delivery.tagHi;
    facts.wordCount = delivery.wordCount;
    facts.words = delivery.words;
  }

  /** Without a delivery the registers are those of the request. */
  private fillUnanswered(record: TrapRecord): void {
    const facts = this.facts;
    facts.badgeLo = record.cptrLo;
    facts.badgeHi = record.cptrHi;
    facts.tagLo = record.tagLo;
    facts.tagHi = record.tagHi;
    facts.wordCount = record.wordCount;
    facts.words = record.words;
    facts.slots = NO_SLOTS;
    facts.bufferWords = NO_BUFFER_WORDS;
  }

  /** A late reply to a Call obeys the same rules as a direct one. */
  private checkLateReplies(): void {
    const { record, run, model, method } = this.context;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.lateReply || answersThisTrap(delivery, record)) continue;
      const known = run.thread(delivery.thread);
      if (!known.yieldPending || !known.lastWasKernelCall || known.registersWritten) continue;
      const facts = this.facts;
      facts.isCall = true;
      facts.method = model.byLabel[known.lastMethod];
      facts.yieldPending = false;
      facts.hasWriteLog = true;
      facts.cptrLo = facts.cptrHi = 0;
      facts.requestTagLo = known.lastTagLo;
      facts.requestTagHi = known.lastTagHi;
      facts.requestWordCount = 0;
      facts.bufferKind = known.lastBufferKind;
      this.useSlotsOf(delivery);
      this.fillReply(delivery);
      this.subjectThread = delivery.thread;
      this.subjectMethod = facts.method;
      checkReply(facts, this.report);
      this.subjectThread = record.thread;
      this.subjectMethod = method;
    }
  }

  /** Name of the system call, else of the cause of the trap. */
  private entryName(): string {
    const { record, model } = this.context;
    return syscallName(model.configuration.scheduling, record.syscall) ?? CAUSES[record.cause] ?? 'unknown';
  }

  private situation(): string {
    const { record } = this.context;
    return `${this.entryName()}/${OUTCOMES[record.outcome] ?? 'unknown'}/${BUFFER_KINDS[record.bufferKind] ?? 'unknown'}`;
  }
}

/** Rules by set of triggers, filled as sets occur; there are few. */
const bySet = new Map<number, readonly TraceRule[]>();

function rulesOn(set: number): readonly TraceRule[] {
  const known = bySet.get(set);
  if (known !== undefined) return known;
  const rules = TRACE_RULES.filter(({ on }) => typeof on === 'number' && (on & set) !== 0);
  bySet.set(set, rules);
  return rules;
}

/** Flags that are wrong on the invoker too. */
const MISPLACED = TRANSITION_FLAG.orphaned | TRANSITION_FLAG.misqueued;

/** Every thread in a system call has its restart pc behind; only where one leaves Running does it matter. */
function isRemarkable({ from, flags }: Transition): boolean {
  return from === STATE.Running || (flags & ~TRANSITION_FLAG.pcBehind) !== 0;
}

function triggerOf(deliveryKind: number): number {
  switch (deliveryKind) {
    case DELIVERY.message: return TRIGGER.message;
    case DELIVERY.fault: return TRIGGER.fault;
    case DELIVERY.lateReply: return TRIGGER.lateReply;
    default: return TRIGGER.otherDelivery;
  }
}

function rulesFor(method: Method): readonly TraceRule[] | undefined {
  const rules = TRACE_RULES.filter(({ on }) => typeof on !== 'number' && on.includes(method.id));
  return rules.length === 0 ? undefined : rules;
}

/** State in which a trap leaves the thread that made it: that of its last transition; without any it is still Running. */
function stateOfInvoker(record: TrapRecord): number {
  for (let i = record.transitionCount - 1; i >= 0; i--) {
    const transition = record.transitions[i]!;
    if (transition.thread === record.thread) return transition.to;
  }
  return STATE.Running;
}
