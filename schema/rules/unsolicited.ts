// SPDX-License-Identifier: BSD-2-Clause
/** The rule over invocations that asked for no reply. */
import { MESSAGE_REGISTERS, ROLE } from '../abi/registers.ts';
import type { ReplyFacts } from './reply-facts.ts';
import { methodName } from './reply-shape.ts';
import type { ReplyRule, RuleInfo } from './rule.ts';
import { BADGE_BIT, REPLY_BITS, TAG_BIT, anyBufferWord } from './written.ts';

const unsolicitedReply: RuleInfo = {
  id: 'N01', name: 'unsolicited-reply', severity: 'error',
  title: 'The kernel answered a thread that did not ask',
  explanation:
    'Only Call asks for a reply. Send and NBSend on a kernel object must leave badge, tag, message registers and IPC buffer of the caller alone; ' +
    'their stubs tell the compiler so, and values that it keeps in these registers are lost. ' +
    'Write results only when the invocation is a Call.',
  references: ['seL4#243', 'seL4#846', 'seL4#1435', '4ce6cbe9e', '90dafb2e7', '1878db946', 'd7d8b4889', '353f05747', 'd9b868238'],
};

export const N01: ReplyRule = {
  info: unsolicitedReply,
  check(facts, report) {
    if (facts.isCall) return;
    const changed = facts.hasWriteLog ? written(facts) : changedRegisters(facts);
    if (changed === '') return;
    report(unsolicitedReply, `${methodName(facts.method)} was invoked without Call, but the kernel wrote ${changed}.`);
  },
};

function written(facts: ReplyFacts): string {
  const slots = facts.slots[0]!;
  if ((slots & REPLY_BITS) === 0 && !anyBufferWord(facts.bufferWords)) return '';
  const parts: string[] = [];
  if (slots & BADGE_BIT) parts.push('the badge register');
  if (slots & TAG_BIT) parts.push('the tag register');
  for (let i = 0; i < MESSAGE_REGISTERS; i++) if ((slots >>> (ROLE.mr0 + i)) & 1) parts.push(`message register ${i}`);
  if (anyBufferWord(facts.bufferWords)) parts.push('the IPC buffer');
  return parts.join(', ');
}

/** The weaker form: registers that differ from the request. A thread that copies registers onto itself changes them by design. */
function changedRegisters(facts: ReplyFacts): string {
  const badge = facts.badgeLo !== facts.cptrLo || facts.badgeHi !== facts.cptrHi;
  const tag = facts.tagLo !== facts.requestTagLo || facts.tagHi !== facts.requestTagHi;
  const register = firstChangedRegister(facts);
  if ((!badge && !tag && register < 0) || facts.method?.id === 'TCBCopyRegisters') return '';
  const parts: string[] = [];
  if (badge) parts.push('the badge register');
  if (tag) parts.push('the tag register');
  if (register >= 0) parts.push(`message register ${register}`);
  return parts.join(', ');
}

function firstChangedRegister(facts: ReplyFacts): number {
  for (let i = 0; i < MESSAGE_REGISTERS; i++) {
    if (facts.words[2 * i] !== facts.registersBefore[2 * i] || facts.words[2 * i + 1] !== facts.registersBefore[2 * i + 1]) return i;
  }
  return -1;
}
