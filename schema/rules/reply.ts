// SPDX-License-Identifier: BSD-2-Clause
/** All rules over a single reply, and the one function that runs them. */
import { K14_REQUESTS, L08 } from './effects.ts';
import { K10, K11, K12 } from './reply-error.ts';
import { K01, K02, K03, K04, K05, K06, K07, K08, K09, isPlainSuccess } from './reply-shape.ts';
import type { ReplyFacts } from './reply-facts.ts';
import type { ReplyRule, Report } from './rule.ts';
import { L04 } from './register-count.ts';
import { L01 } from './stub-reads.ts';
import { N01 } from './unsolicited.ts';

/** Rules over the reply to a Call. */
const CALL_RULES: readonly ReplyRule[] = [K01, K02, K03, K04, K05, K06, K07, K08, K09, K10, K11, K12, K14_REQUESTS, L01, L04, L08];

/** Every rule that needs nothing but {@link ReplyFacts}. */
export const REPLY_RULES: readonly ReplyRule[] = [...CALL_RULES, N01];

/**
 * Runs every reply rule over one completed invocation of a kernel object. Allocates only to report.
 * The caller decides that the invocation completed: not blocked, faulted, preempted, out of budget or stopped.
 */
export function checkReply(facts: ReplyFacts, report: Report): void {
  if (!facts.isCall) N01.check(facts, report);
  else if (!isPlainSuccess(facts)) for (let i = 0; i < CALL_RULES.length; i++) CALL_RULES[i]!.check(facts, report);
}
