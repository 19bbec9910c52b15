// SPDX-License-Identifier: BSD-2-Clause
/** Rules over what an invocation did: nothing when it answers with an error, what it was asked for when it answers with a success. */
import { STATE } from '../abi/thread-state.ts';
import { tagExtraCaps, tagLength } from '../abi/message-info.ts';
import { lanesToHex } from '../abi/word.ts';
import { DELIVERY, FLAG, OUTCOME, TRANSITION_FLAG, type TrapRecord } from '../trace/trap-record.ts';
import { answersThisTrap } from './deliveries.ts';
import type { ReplyFacts } from './reply-facts.ts';
import { answered, isSuccess, methodName, words } from './reply-shape.ts';
import { TRIGGER, type ReplyRule, type Report, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';

const errorWithEffect: RuleInfo = {
  id: 'K13', name: 'error-with-effect', severity: 'error',
  title: 'An invocation that failed changed something',
  explanation:
    'The answer is an error, so the caller believes that nothing happened, but a thread changed its state, was destroyed, or was written to, or a capability or mapping changed. ' +
    'Repeating the call, as a caller may after an error, does it twice. ' +
    'Check everything before the first change.',
  references: ['manual: Errors'],
};
export const K13: TraceRule = {
  info: errorWithEffect, on: TRIGGER.error,
  check({ record, run }, report) {
    if ((record.flags & FLAG.refusedWithEffect) !== 0) report(errorWithEffect, 'The answer is an error, but a capability was changed.');
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, from, to, flags } = record.transitions[i]!;
      if (thread === record.thread || thread === 0 || isActivation(record, thread, from, to, flags)) continue;
      report(errorWithEffect, `The answer is an error, but ${run.describe(thread)} changed its state from ${from} to ${to}.`, thread);
    }
    for (let i = 0; i < record.deliveryCount; i++) {
      const { thread, kind } = record.deliveries[i]!;
      // Whoever runs next may get the answer to its YieldTo.
      if (thread === record.thread || (kind === DELIVERY.lateReply && thread === record.next)) continue;
      report(errorWithEffect, `The answer is an error, but ${run.describe(thread)} was written to.`, thread);
    }
  },
};

/** The thread that runs next becomes Running, if it was to start again. */
function isActivation(record: TrapRecord, thread: number, from: number, to: number, flags: number): boolean {
  return thread === record.next && from === STATE.Restart && to === STATE.Running && (flags & TRANSITION_FLAG.destroyed) === 0;
}

const successWithoutEffect: RuleInfo = {
  id: 'K14', name: 'success-without-effect', severity: 'error',
  title: 'An invocation claims a success that it cannot have had',
  explanation:
    'The answer is a success, but the request could not be carried out as it stands: a capability is missing, a page is mapped elsewhere already, ' +
    'or a YieldTo returned without letting the other thread run. The caller relies on something that is not so. ' +
    'Look for a path that prepares an error and goes on, or that reports an error which nobody set.',
  references: ['62445b351', '4a8b9edb8', 'f612028b1', 'ad32c2769', '6611cff6c'],
};

/** K14 over what the request alone tells. */
export const K14_REQUESTS: ReplyRule = {
  info: successWithoutEffect,
  check(facts, report) {
    const { method } = facts;
    if (method === undefined || !answered(facts) || !isSuccess(facts)) return;
    const given = tagExtraCaps(facts.requestTagLo);
    const missing = method.capParameters[given];
    if (missing === undefined) return;
    report(successWithoutEffect, `${method.id} succeeded, although the request has no capability for ${missing.name}.`);
  },
};

/** K14 over what earlier traps tell. */
export const K14: TraceRule = {
  info: successWithoutEffect, on: ['RISCVPageMap', 'SchedContextYieldTo'],
  check(context, report) {
    if (context.method!.id === 'RISCVPageMap') checkRemap(context, report);
    else checkYield(context, report);
  },
};

function checkRemap({ record, run }: TraceContext, report: Report): void {
  const earlier = run.mapped.get(record.object);
  if (earlier === undefined || record.outcome !== OUTCOME.replied || record.wordCount < 1) return;
  if (earlier.thread !== record.thread || earlier.cptrLo !== record.cptrLo || earlier.cptrHi !== record.cptrHi) return;
  const { words: w } = record;
  if (earlier.addressLo === w[0] && earlier.addressHi === w[1]) return;
  report(successWithoutEffect, `A page that is mapped at ${lanesToHex(earlier.addressLo, earlier.addressHi)} was mapped at ${lanesToHex(w[0]!, w[1]!)} without an error.`);
}

/** A YieldTo that has to wait lets another thread run first, unless that is not of the running domain. */
function checkYield({ record, run }: TraceContext, report: Report): void {
  if (record.next !== record.thread || run.domainsUsed) return;
  for (let i = 0; i < record.deliveryCount; i++) {
    if (!answersThisTrap(record.deliveries[i]!, record)) continue;
    report(successWithoutEffect, 'The YieldTo was completed in its own trap: the other thread has not run.');
  }
}

const requestShape: RuleInfo = {
  id: 'L08', name: 'request-shape', severity: 'warning',
  title: 'A request that is too short was accepted',
  explanation:
    'The request has fewer message words than the method has parameters, and the answer is a success. The kernel took the missing ones from registers ' +
    'or buffer words that the caller did not mean. ' +
    'The kernel has to answer TruncatedMessage; a program that builds such requests is wrong, too.',
  references: ['3bb899bc5', 'd9b868238', 'manual: Errors'],
};
export const L08: ReplyRule = {
  info: requestShape,
  check(facts, report) {
    if (facts.method === undefined || !answered(facts) || !isSuccess(facts) || !isShort(facts)) return;
    report(requestShape, `${methodName(facts.method)} accepted ${words(tagLength(facts.requestTagLo))}, its parameters take ${facts.method.requestLength}.`);
  },
};

function isShort(facts: ReplyFacts): boolean {
  const { requestLength, id } = facts.method!;
  // The number of registers to write is a parameter.
  return id !== 'TCBWriteRegisters' && tagLength(facts.requestTagLo) < requestLength;
}
