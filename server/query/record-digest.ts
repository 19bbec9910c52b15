// SPDX-License-Identifier: BSD-2-Clause
/**
 * Digests of what a record says, for comparing runs: one of the request, one of the answer. Equal records of two runs
 * have equal digests, whatever the ids, sequence numbers and times of the runs are.
 */
import type { ComparisonDepth } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { tagLabel } from '../../schema/abi/message-info.ts';
import { STATE } from '../../schema/abi/thread-state.ts';
import { OUTCOME, TRANSITION_FLAG, type Delivery, type Transition, type TrapRecord } from '../../schema/trace/trap-record.ts';
import { syscallText } from './record-row.ts';

/** What a run calls its threads and objects; runs are compared by names. */
export type NameOf = (id: number) => string;

export interface Digests {
  readonly request: number;
  readonly answer: number;
}

export class RecordDigester {
  private readonly interfaces: InterfaceModel;
  private readonly words: boolean;
  private readonly nameCodes: (id: number) => number;
  private lo = 0;
  private hi = 0;

  constructor(interfaces: InterfaceModel, nameOf: NameOf, depth: ComparisonDepth) {
    this.interfaces = interfaces;
    this.words = depth === 'words';
    const codes: number[] = [];
    this.nameCodes = (id) => (codes[id] ??= hashText(nameOf(id)));
  }

  digest(record: TrapRecord): Digests {
    return { request: this.request(record), answer: this.answer(record) };
  }

  private request(record: TrapRecord): number {
    this.begin();
    this.add(this.nameCodes(record.thread));
    this.add(record.cause);
    this.add(record.syscall === 0 ? 0 : hashText(syscallText(record.syscall, this.interfaces)));
    this.add(record.capType);
    this.add(record.bufferKind);
    // Labels differ between releases and configurations; the rest of the tag does not.
    const method = this.interfaces.byLabel[record.method];
    this.add(method === undefined ? tagLabel(record.tagLo, record.tagHi) : hashText(method.id));
    this.add(record.tagLo & 0xfff);
    this.add(record.capCount);
    if (this.words) {
      this.add(record.cptrLo);
      this.add(record.cptrHi);
      this.addLanes(record.words, record.wordCount);
    }
    return this.end();
  }

  private answer(record: TrapRecord): number {
    this.begin();
    this.add(record.outcome);
    this.add(record.flags);
    this.add(record.fault);
    // A thread that goes on where it was is not preempted twice at the same time in two runs: who runs next is its own affair.
    if (record.outcome !== OUTCOME.preempted) this.add(record.nextState);
    for (let i = 0; i < record.deliveryCount; i++) this.addDelivery(record.deliveries[i]!);
    this.addTransitions(record);
    return this.end();
  }

  /**
   * How the trap left each thread. The states in between, and which thread comes first, depend on whether a kernel takes
   * its fast path.
   */
  private addTransitions({ transitions, transitionCount }: TrapRecord): void {
    const digests: number[] = [];
    for (let i = 0; i < transitionCount; i++) {
      const { thread, to, flags } = transitions[i]!;
      if (indexOf(transitions, thread, i + 1, transitionCount) < transitionCount) continue;
      const { from } = transitions[indexOf(transitions, thread, 0, i)]!;
      // Restart on the way back to user mode is such a state, too.
      if (from === STATE.Running && to === STATE.Running && (flags & ~TRANSITION_FLAG.pcBehind) === 0) continue;
      digests.push(this.nameCodes(thread) ^ Math.imul(from | (to << 8) | (flags << 16), 0x9e37_79b1));
    }
    for (const digest of digests.sort((a, b) => a - b)) this.add(digest);
  }

  private addDelivery(delivery: Delivery): void {
    this.add(delivery.kind);
    this.add(this.nameCodes(delivery.thread));
    this.add(delivery.badgeLo);
    this.add(delivery.badgeHi);
    this.add(delivery.tagLo);
    this.add(delivery.tagHi);
    this.add(delivery.slots[0]!);
    this.add(delivery.slots[1]!);
    for (const lane of delivery.bufferWords) this.add(lane);
    this.add(delivery.wordCount);
    if (this.words) this.addLanes(delivery.words, delivery.wordCount);
  }

  private addLanes(lanes: Uint32Array, words: number): void {
    for (let i = 0; i < 2 * words; i++) this.add(lanes[i]!);
  }

  private begin(): void {
    this.lo = 0x811c_9dc5;
    this.hi = 0x9dc5_811c;
  }

  /** FNV-1a over 32-bit units, twice with different multipliers. */
  private add(value: number): void {
    this.lo = Math.imul(this.lo ^ value, 0x0100_0193);
    this.hi = Math.imul(this.hi ^ (value >>> 7) ^ (value << 25), 0x85eb_ca6b);
    this.hi ^= this.lo >>> 15;
  }

  /** 53 bits: a safe integer. */
  private end(): number {
    return (this.lo >>> 0) + (this.hi & 0x1f_ffff) * 0x1_0000_0000;
  }
}

/** Index of the thread's first transition in a range; the end of the range when it has none. */
function indexOf(transitions: readonly Transition[], thread: number, start: number, end: number): number {
  let i = start;
  while (i < end && transitions[i]!.thread !== thread) i++;
  return i;
}

function hashText(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}
