// SPDX-License-Identifier: BSD-2-Clause
/** Rules over the form of a kernel reply: that it is there, and that badge, label, flags, length and written words fit. */
import { LAST_ERROR } from '../abi/errors.ts';
import { BUFFER_RW } from '../abi/ipc-buffer.ts';
import { tagCapsUnwrapped, tagExtraCaps, tagLabel, tagLength } from '../abi/message-info.ts';
import { MESSAGE_REGISTERS, ROLE } from '../abi/registers.ts';
import { lanesToHex } from '../abi/word.ts';
import type { Method } from '../idl/model.ts';
import type { ReplyFacts } from './reply-facts.ts';
import type { ReplyRule, RuleInfo } from './rule.ts';
import { BADGE_BIT, REPLY_BITS, TAG_BIT, anyBufferWord, firstForeignBufferWord, firstUnwritten, messageWordWritten } from './written.ts';

/** Method id for messages to people, or what stands in for it. */
export function methodName(method: Method | undefined): string {
  return method === undefined ? 'this invocation' : method.id;
}

export function words(n: number): string {
  return n === 1 ? '1 word' : `${n} words`;
}

/**
 * Whether a Call got no reply at all. Without a write log this is known only when badge and tag registers still
 * hold the request and the request's label cannot be an error.
 */
export function replyMissing(facts: ReplyFacts): boolean {
  if (!facts.isCall) return false;
  if (facts.hasWriteLog) return (facts.slots[0]! & (BADGE_BIT | TAG_BIT)) === 0;
  return facts.tagLo === facts.requestTagLo && facts.tagHi === facts.requestTagHi &&
    facts.badgeLo === facts.cptrLo && facts.badgeHi === facts.cptrHi &&
    tagLabel(facts.tagLo, facts.tagHi) > LAST_ERROR;
}

/** Whether there is a reply to look at. */
export function answered(facts: ReplyFacts): boolean {
  return facts.isCall && !replyMissing(facts);
}

/**
 * Length of a correct success reply to this request; -1 when the contract does not tell (unknown method, or a
 * `count` that the kernel has to refuse).
 */
export function expectedLength(facts: ReplyFacts): number {
  const method = facts.method;
  if (method === undefined) return -1;
  const contract = method.contract;
  const length = contract.length === 'fixed' ? contract.outWords : requestedCount(facts, method);
  return length > MESSAGE_REGISTERS && facts.bufferKind !== BUFFER_RW ? MESSAGE_REGISTERS : length;
}

/** The `count` of a request for registers; -1 when it is not known, or one that the kernel has to refuse. */
export function requestedCount(facts: ReplyFacts, method: Method): number {
  for (const parameter of method.parameters) {
    if (parameter.name !== 'count' || parameter.word >= facts.requestWordCount) continue;
    const lo = facts.requestWords[2 * parameter.word]!;
    const hi = facts.requestWords[2 * parameter.word + 1]!;
    return hi === 0 && lo >= 1 && lo <= method.contract.outWords ? lo : -1;
  }
  return -1;
}

/** An empty success that is followed by the full reply once the YieldTo completes. */
function isInterim(facts: ReplyFacts): boolean {
  return facts.yieldPending && facts.tagLo === 0 && facts.tagHi === 0 && facts.method?.contract.mayComeLater === true;
}

export const isSuccess = (facts: ReplyFacts): boolean => facts.tagHi === 0 && facts.tagLo >>> 12 === 0;

const replyMissingInfo: RuleInfo = {
  id: 'K01', name: 'reply-missing', severity: 'error',
  title: 'A Call on a kernel object was not answered',
  explanation:
    'The invocation finished and the caller runs on, but the kernel wrote neither the badge nor the tag register. ' +
    'The caller takes its own request for the reply: a stub returns the method label as error code and reads its arguments as results. ' +
    'The operation probably left the thread Running without writing a reply; leave it in Restart, or write the reply there.',
  references: ['a8d3c549b', 'f612028b1', 'manual: System Calls'],
};
export const K01: ReplyRule = {
  info: replyMissingInfo,
  check(facts, report) {
    if (!replyMissing(facts)) return;
    report(replyMissingInfo, `${methodName(facts.method)} by Call returned without a reply: tag ${lanesToHex(facts.tagLo, facts.tagHi)} is still that of the request.`);
  },
};

const replyBadge: RuleInfo = {
  id: 'K02', name: 'reply-badge', severity: 'error',
  title: 'The badge of a kernel reply is not 0',
  explanation:
    'Every reply of the kernel, success or error, carries badge 0. Another value is a register that the reply path forgot, ' +
    'usually the capability pointer of the request, and a caller that tells replies apart by their badge takes it for a message from a thread. ' +
    'Write the badge register wherever the operation writes its own reply.',
  references: ['24307c2cb', '90dafb2e7'],
};
export const K02: ReplyRule = {
  info: replyBadge,
  check(facts, report) {
    if (!answered(facts) || (facts.badgeLo | facts.badgeHi) === 0) return;
    const kept = facts.badgeLo === facts.cptrLo && facts.badgeHi === facts.cptrHi ? ' (the capability pointer of the request)' : '';
    report(replyBadge, `The reply to ${methodName(facts.method)} has badge ${lanesToHex(facts.badgeLo, facts.badgeHi)}${kept}, expected 0.`);
  },
};

const replyLabel: RuleInfo = {
  id: 'K03', name: 'reply-label', severity: 'error',
  title: 'The label of a kernel reply is no seL4 error',
  explanation:
    'A kernel reply has label 0 for success or an error number from 1 to 10. Anything else reaches the program as an error code that does not exist. ' +
    'It is mostly the label of the request, left in place because no tag was written.',
  references: ['a8d3c549b', 'manual: Errors'],
};
export const K03: ReplyRule = {
  info: replyLabel,
  check(facts, report) {
    if (!facts.isCall) return;
    const label = tagLabel(facts.tagLo, facts.tagHi);
    if (label <= LAST_ERROR) return;
    report(replyLabel, `The reply to ${methodName(facts.method)} has label ${label}, expected 0 to ${LAST_ERROR}.`);
  },
};

const replyFlags: RuleInfo = {
  id: 'K04', name: 'reply-flags', severity: 'error',
  title: 'A kernel reply claims capabilities',
  explanation:
    'The kernel never sends capabilities with a reply, so extraCaps and capsUnwrapped must be 0. ' +
    'A receiver that trusts the flags looks for capabilities or badges in its IPC buffer that nobody put there. ' +
    'Build the tag of the reply from zero, not from the request.',
  references: ['manual: Message Passing'],
};
export const K04: ReplyRule = {
  info: replyFlags,
  check(facts, report) {
    if (!answered(facts)) return;
    const extraCaps = tagExtraCaps(facts.tagLo);
    const unwrapped = tagCapsUnwrapped(facts.tagLo);
    if ((extraCaps | unwrapped) === 0) return;
    report(replyFlags, `The reply to ${methodName(facts.method)} has extraCaps ${extraCaps} and capsUnwrapped ${unwrapped}, expected 0 and 0.`);
  },
};

const replyShort: RuleInfo = {
  id: 'K05', name: 'reply-short', severity: 'error',
  title: 'A success reply is shorter than the out-parameters',
  explanation:
    'The interface promises more result words than the length of the reply covers, so a receiver that honours the length gets no result. ' +
    'The usual cause is an operation that writes its result registers and leaves the thread in Restart: the generic path then overwrites the tag with an empty success. ' +
    'Let the operation set the thread Running and write badge, words and tag itself.',
  references: ['seL4#243', 'seL4#846', 'seL4#1435', 'l4v#342', '4ce6cbe9e', '90dafb2e7', '1878db946', 'd9b868238'],
};
export const K05: ReplyRule = {
  info: replyShort,
  check(facts, report) {
    if (!answered(facts) || !isSuccess(facts)) return;
    const expected = expectedLength(facts);
    const length = tagLength(facts.tagLo);
    if (length >= expected || isInterim(facts)) return;
    report(replyShort, `${methodName(facts.method)} answered with ${words(length)}, expected ${expected}.`);
  },
};

const replyLong: RuleInfo = {
  id: 'K06', name: 'reply-long', severity: 'warning',
  title: 'A success reply is longer than the out-parameters',
  explanation:
    'The reply covers more words than the interface has results for this request. The additional words are stale registers, ' +
    'memory of the kernel, or results that the interface file does not mention. ' +
    'Correct the length in the kernel, or add the missing out-parameter to the interface file.',
  references: ['seL4#1488', '19a520a22'],
};
export const K06: ReplyRule = {
  info: replyLong,
  check(facts, report) {
    if (!answered(facts) || !isSuccess(facts)) return;
    const expected = expectedLength(facts);
    const length = tagLength(facts.tagLo);
    if (expected < 0 || length <= expected) return;
    report(replyLong, `${methodName(facts.method)} answered with ${words(length)}, expected ${expected}.`);
  },
};

const replyOverclaim: RuleInfo = {
  id: 'K07', name: 'reply-overclaim', severity: 'error',
  title: 'The reply is longer than the caller can receive',
  explanation:
    'Words from the fifth on travel in the IPC buffer, and this caller has no buffer that the kernel may write. ' +
    'The reply must stop at the message registers and say so in its length; as it is, the caller reads words that were never delivered. ' +
    'Take the length from what was really stored.',
  references: ['38b281169', 'manual: IPC Buffer'],
};
export const K07: ReplyRule = {
  info: replyOverclaim,
  check(facts, report) {
    if (!answered(facts)) return;
    const length = tagLength(facts.tagLo);
    if (length <= MESSAGE_REGISTERS || facts.bufferKind === BUFFER_RW) return;
    report(replyOverclaim, `The reply to ${methodName(facts.method)} claims ${words(length)}, but without a writable IPC buffer only ${MESSAGE_REGISTERS} can arrive.`);
  },
};

const replyUnwritten: RuleInfo = {
  id: 'K08', name: 'reply-unwritten', severity: 'error',
  title: 'A word inside the length was not written',
  explanation:
    'The length of the message covers a word that the kernel did not write in this trap, so the receiver reads what was there before: ' +
    'an old register or an old word of its IPC buffer. ' +
    'Check that the code knows how many words this architecture passes in registers, and that every word counted in the length is stored.',
  references: ['05a914b6f', '38b281169', '7252ab185'],
};
export const K08: ReplyRule = {
  info: replyUnwritten,
  check(facts, report) {
    if (!facts.hasWriteLog || !answered(facts)) return;
    const length = tagLength(facts.tagLo);
    const missing = firstUnwritten(facts.slots, facts.bufferWords, length, facts.bufferKind === BUFFER_RW ? length : MESSAGE_REGISTERS);
    if (missing < 0) return;
    report(replyUnwritten, `The reply to ${methodName(facts.method)} claims ${words(length)}, but message word ${missing} was not written.`);
  },
};

const replyExtraWrite: RuleInfo = {
  id: 'K09', name: 'reply-extra-write', severity: 'error',
  title: 'The kernel wrote beyond its reply',
  explanation:
    'A message register or an IPC buffer word outside the length of the reply changed. A caller may keep data there, and the written value ' +
    'is often the result that the length forgot. ' +
    'Buffer words 0 and 121 to 127 belong to the program, and the words that travel in registers are not mirrored in the buffer.',
  references: ['seL4#846', '4ce6cbe9e', '90dafb2e7', 'd9b868238'],
};
export const K09: ReplyRule = {
  info: replyExtraWrite,
  check(facts, report) {
    if (!facts.hasWriteLog || !answered(facts)) return;
    const length = tagLength(facts.tagLo);
    for (let i = length; i < MESSAGE_REGISTERS; i++) {
      if (!messageWordWritten(facts.slots, facts.bufferWords, i)) continue;
      report(replyExtraWrite, `The reply to ${methodName(facts.method)} has ${words(length)}, but message register ${i} was written as well.`);
      return;
    }
    const foreign = firstForeignBufferWord(facts.bufferWords, length);
    if (foreign < 0) return;
    report(replyExtraWrite, `The reply to ${methodName(facts.method)} has ${words(length)}, but IPC buffer word ${foreign} was written as well.`);
  },
};

/**
 * Whether a reply is, beyond doubt, a correct success of at most four words. No rule has anything to say about such a
 * reply; this one test spares the hot path from asking each of them.
 */
export function isPlainSuccess(facts: ReplyFacts): boolean {
  const method = facts.method;
  if (method === undefined) return false;
  const length = method.contract.outWords;
  if (tagLength(facts.requestTagLo) < method.requestLength || tagExtraCaps(facts.requestTagLo) < method.capParameters.length) return false;
  if (facts.tagLo !== length || length > MESSAGE_REGISTERS || method.contract.length !== 'fixed') return false;
  if ((facts.tagHi | facts.badgeLo | facts.badgeHi) !== 0 || facts.outWordsRead > length) return false;
  if (!facts.hasWriteLog) return true;
  const expected = BADGE_BIT | TAG_BIT | (((1 << length) - 1) << ROLE.mr0);
  return ((facts.slots[0]! | BADGE_BIT) & REPLY_BITS) === expected && !anyBufferWord(facts.bufferWords);
}
