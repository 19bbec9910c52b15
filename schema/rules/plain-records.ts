// SPDX-License-Identifier: BSD-2-Clause
/**
 * The plain records of a batch: system calls that are done, change nothing but their own thread, and were answered as the
 * contract says. No rule has anything to ask of them, and what they leave to remember is soon written down, so they are
 * taken from the columns, a run of them at a time, without making a TrapRecord of any.
 *
 * What is plain here must have no finding in `RuleEngine.apply`, and leave the same knowledge; a test compares the two.
 */
import { CAP_TYPE, CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { tagExtraCaps, tagLength } from '../abi/message-info.ts';
import { MESSAGE_REGISTERS, ROLE } from '../abi/registers.ts';
import { STATE } from '../abi/thread-state.ts';
import type { InterfaceModel, Method } from '../idl/model.ts';
import { unzigzag, type BatchReader } from '../trace/batch-reader.ts';
import { STATE_AFTER } from '../trace/batch-layout.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, STRAY, TRANSITION_FLAG } from '../trace/trap-record.ts';
import { CHANGES_KNOWLEDGE, type RunState, type ThreadKnowledge } from './run-state.ts';
import { SYSCALL_CLASS, syscallClasses } from './syscall-class.ts';
import { BADGE_BIT, REPLY_BITS, TAG_BIT, hasOtherSlots } from './written.ts';

/** The pc advanced, and the thread that runs next is charged for it. */
const PLAIN_FLAGS = FLAG.pcAdvanced | FLAG.nextHasSchedContext;

/** What a request for a method must have, and its answer, to be plain. */
interface PlainReply {
  readonly requestLength: number;
  readonly requestCaps: number;
  /** The whole tag of the answer: label 0, no capabilities, this length. */
  readonly length: number;
  /** Reply registers that are written; the badge register may be left out, it is 0. */
  readonly slots: number;
}

export class PlainRecords {
  /** By label: 1 for a method whose invocations are never plain. */
  private readonly special: Uint8Array;
  private readonly replies: readonly (PlainReply | undefined)[];
  /** Class of each system call at the index of its number in zigzag form, as columns have it. */
  private readonly classes: Uint8Array;

  /** @param hasRules whether rules are asked at every invocation of a method */
  constructor(model: InterfaceModel, hasRules: (method: Method) => boolean) {
    this.special = Uint8Array.from(model.byLabel, (method) => Number(method !== undefined && (hasRules(method) || CHANGES_KNOWLEDGE.has(method.id))));
    this.replies = model.byLabel.map((method) => method && plainReply(method));
    const classes = syscallClasses(model.configuration.scheduling);
    this.classes = Uint8Array.from({ length: 2 * classes.length }, (_, zigzag) => classes[-unzigzag(zigzag)] ?? SYSCALL_CLASS.none);
  }

  /**
   * Takes the plain records of one thread that begin with a row of a batch into what is known of the run. Returns the
   * row after them: the same row when its record is not plain.
   */
  take(batch: BatchReader, row: number, run: RunState): number {
    const { count, firstDelivery, firstTransition, deliveries } = batch;
    const { thread, next, cause, outcome, flags, stray, nextState, capType, method, syscall, tag, deliveryCount } = batch.records;
    const invoker = thread[row]!;
    // What most records that are not plain show.
    if (invoker === 0 || flags[row] !== PLAIN_FLAGS || next[row] !== invoker || capType[row] === CAP_TYPE.Endpoint || outcome[row] === OUTCOME.error) return row;
    const { thread: moved, change, flags: movedFlags } = batch.transitions;
    const { special, classes } = this;
    const known = run.thread(invoker);
    if (known.destroyed || known.yieldPending || known.takenFromAnswer) return row;
    let lookup = -1;
    let spaceChange = -1;
    let delivered = -1;
    let i = row;
    plain: for (; i < count; i++) {
      if (thread[i] !== invoker || next[i] !== invoker || cause[i] !== CAUSE.syscall || flags[i] !== PLAIN_FLAGS || stray[i] !== STRAY.none) break;
      if ((outcome[i] !== OUTCOME.replied && outcome[i] !== OUTCOME.completed) || nextState[i] !== STATE.Running) break;
      const label = method[i]!;
      const type = capType[i]!;
      const syscallClass = classes[syscall[i]!] ?? SYSCALL_CLASS.none;
      if (special[label] === 1 || type === CAP_TYPE.Endpoint || type === CAP_TYPE.Domain || syscallClass === SYSCALL_CLASS.debug) break;
      const lastMove = firstTransition[i + 1]! - 1;
      for (let at = firstTransition[i]!; at <= lastMove; at++) {
        if (moved[at] !== invoker || (movedFlags[at]! & ~TRANSITION_FLAG.pcBehind) !== 0) break plain;
        if (at === lastMove && Math.floor(change[at]! / STATE_AFTER) !== STATE.Running) break plain;
      }
      if (syscallClass === SYSCALL_CLASS.call && type !== CAP_TYPE_NONE) {
        const at = firstDelivery[i]!;
        const expected = this.replies[label];
        if (deliveryCount[i] !== 1 || expected === undefined || deliveries.thread[at] !== invoker || !isPlain(batch, at, tag[2 * i]!, expected)) break;
        delivered = i;
      } else if (deliveryCount[i] !== 0) {
        break;
      }
      if (type !== CAP_TYPE_NONE) lookup = i;
      if (type === CAP_TYPE.CNode) spaceChange = i;
    }
    if (i === row) return row;
    const { firstSeq } = batch;
    if (lookup >= 0) known.lastLookup = firstSeq + lookup;
    if (delivered >= 0) known.lastDelivery = firstSeq + delivered;
    if (spaceChange >= 0) run.changeSpaces(firstSeq + spaceChange);
    run.failures.forget();
    this.remember(batch, i - 1, known, delivered === i - 1);
    return i;
  }

  /** What the last of several plain records says of its thread. Those before it leave no trace of the same. */
  private remember(batch: BatchReader, row: number, known: ThreadKnowledge, answered: boolean): void {
    const { records: c, deliveries: d } = batch;
    known.state = STATE.Running;
    known.lastTrap = known.lastRan = batch.firstSeq + row;
    known.lastSyscall = unzigzag(c.syscall[row]!);
    known.lastClass = this.classes[c.syscall[row]!] ?? SYSCALL_CLASS.none;
    known.lastMethod = c.method[row]!;
    known.lastCapType = c.capType[row]!;
    known.lastOutcome = c.outcome[row]!;
    known.lastWasKernelCall = answered;
    known.lastWasSelfSuspend = false;
    known.lastTagLo = known.tagLo = c.tag[2 * row]!;
    known.lastTagHi = known.tagHi = c.tag[2 * row + 1]!;
    known.lastBufferKind = c.bufferKind[row]!;
    known.lastPcLo = c.pcBefore[2 * row]!;
    known.lastPcHi = c.pcBefore[2 * row + 1]!;
    known.badgeLo = c.cptr[2 * row]!;
    known.badgeHi = c.cptr[2 * row + 1]!;
    known.registersWritten = known.answeredNotRun = known.mayRepeat = false;
    known.pendingFault = 0;
    if (!answered) return;
    const at = batch.firstDelivery[row]!;
    known.tagLo = d.tag[2 * at]!;
    known.tagHi = 0;
    if ((d.slots[2 * at]! & BADGE_BIT) !== 0) known.badgeLo = known.badgeHi = 0;
  }
}

/** Undefined for a method whose answers differ in length, or do not fit the message registers. */
function plainReply({ requestLength, capParameters, contract }: Method): PlainReply | undefined {
  const { length, outWords } = contract;
  if (length !== 'fixed' || outWords > MESSAGE_REGISTERS) return undefined;
  return { requestLength, requestCaps: capParameters.length, length: outWords, slots: BADGE_BIT | TAG_BIT | (((1 << outWords) - 1) << ROLE.mr0) };
}

/** Whether a delivery is the plain answer to a request with this tag: nothing else of the thread was written. */
function isPlain({ deliveries: d }: BatchReader, at: number, requestTag: number, expected: PlainReply): boolean {
  if (tagLength(requestTag) < expected.requestLength || tagExtraCaps(requestTag) < expected.requestCaps) return false;
  if (d.kind[at] !== DELIVERY.reply || d.tag[2 * at] !== expected.length || d.tag[2 * at + 1] !== 0) return false;
  if ((d.badge[2 * at]! | d.badge[2 * at + 1]! | d.bufferLow[2 * at]! | d.bufferLow[2 * at + 1]! | d.bufferHigh[2 * at]! | d.bufferHigh[2 * at + 1]!) !== 0) return false;
  const [low, high] = [d.slots[2 * at]!, d.slots[2 * at + 1]!];
  return ((low | BADGE_BIT) & REPLY_BITS) === expected.slots && !hasOtherSlots(low, high);
}
