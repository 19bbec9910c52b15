// SPDX-License-Identifier: BSD-2-Clause
/** L04: Read- and WriteRegisters transfer as many registers as they were asked to. */
import { CONTEXT_SLOTS, RISCV64_SLOTS, SLOT, USER_CONTEXT_ORDER } from '../abi/registers.ts';
import { tagLength } from '../abi/message-info.ts';
import { DELIVERY, OUTCOME, type TrapRecord } from '../trace/trap-record.ts';
import { answered, isSuccess, methodName, requestedCount, words } from './reply-shape.ts';
import type { ReplyRule, RuleInfo, TraceRule } from './rule.ts';

const count: RuleInfo = {
  id: 'L04', name: 'count', severity: 'warning',
  title: 'ReadRegisters or WriteRegisters moved another number of registers than asked for',
  explanation:
    'The request says how many registers to transfer. Either the stub copies a whole register structure whatever that number is, so that the caller ' +
    'takes leftovers for registers of the thread, or the kernel set more or fewer registers than it was given. ' +
    'Copy as many words as the reply has, and leave the rest of the structure alone.',
  references: ['19a520a22', 'seL4#1085', 'seL4#1488', 'manual: TCB - Read Registers'],
};

/**
 * L04 over a stub. That the kernel answers ReadRegisters with another length is K05 or K06; without a buffer that it may
 * write, four words are all that it can give and no fault.
 */
export const L04: ReplyRule = {
  info: count,
  check(facts, report) {
    const { method, outWordsRead } = facts;
    if (method === undefined || method.contract.length === 'fixed' || outWordsRead === 0 || !answered(facts) || !isSuccess(facts)) return;
    const asked = requestedCount(facts, method);
    if (asked < 0 || outWordsRead === asked) return;
    report(count, `The stub of ${methodName(method)} copies ${words(outWordsRead)}, but was asked for ${asked}.`);
  },
};

/** Slots that WriteRegisters fills, in its order. */
const ORDER: readonly number[] = USER_CONTEXT_ORDER.map((name) => SLOT[name]);

/** Slots of the trap itself: no registers of the request, but the kernel may write them with any. */
const BOOKKEEPING: ReadonlySet<number> = new Set([SLOT.scause, SLOT.sstatus, SLOT.NextIP]);

/** L04 over the registers that WriteRegisters really wrote. A message longer than the count is legal; its other words are not looked at. */
export const L04_WRITTEN: TraceRule = {
  info: count, on: ['TCBWriteRegisters'],
  check({ record, run }, report) {
    if (record.outcome !== OUTCOME.replied && record.outcome !== OUTCOME.completed) return;
    if (record.wordCount < 2 || record.words[3] !== 0) return;
    const slots = writtenTo(record);
    // An invocation without Call may have failed unseen.
    if (slots === undefined && record.outcome !== OUTCOME.replied) return;
    const asked = Math.min(record.words[2]!, tagLength(record.tagLo) - 2, ORDER.length);
    for (let slot = 0; slot < CONTEXT_SLOTS; slot++) {
      if (BOOKKEEPING.has(slot)) continue;
      const wanted = ORDER.indexOf(slot) < asked;
      const written = slots !== undefined && ((slots[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
      if (wanted === written) continue;
      report(count, `${asked} registers of ${run.describe(record.object)} were to be written, but ${RISCV64_SLOTS[slot]} was ${written ? 'written too' : 'not written'}.`, record.object);
      return;
    }
  },
};

function writtenTo(record: TrapRecord): Uint32Array | undefined {
  for (let i = 0; i < record.deliveryCount; i++) {
    const { kind, thread, slots } = record.deliveries[i]!;
    if (kind === DELIVERY.registers && thread === record.object) return slots;
  }
  return undefined;
}
