// SPDX-License-Identifier: BSD-2-Clause
/** The rule over what a stub takes out of a reply. */
import { tagLength } from '../abi/message-info.ts';
import { answered, methodName, words } from './reply-shape.ts';
import type { ReplyRule, RuleInfo } from './rule.ts';

const beyondReply: RuleInfo = {
  id: 'L01', name: 'out-param-beyond-reply', severity: 'error',
  title: 'A stub reads an out-parameter that the reply does not cover',
  explanation:
    'The reply is a success, but its length ends before the last word that the stub returns to the program. That value is whatever the register or ' +
    'buffer word held before, and looks like a result. ' +
    'If the kernel is wrong, rule K05 says so too; if it is not, the stub asks for more words than this request can give.',
  references: ['seL4#846', 'seL4#1085', '4ce6cbe9e', '90dafb2e7', '19a520a22'],
};
export const L01: ReplyRule = {
  info: beyondReply,
  check(facts, report) {
    if (!answered(facts) || facts.tagHi !== 0 || facts.tagLo >>> 12 !== 0) return;
    const length = tagLength(facts.tagLo);
    if (facts.outWordsRead <= length) return;
    report(beyondReply, `The stub of ${methodName(facts.method)} reads ${words(facts.outWordsRead)} of a reply that has ${length}.`);
  },
};
