// SPDX-License-Identifier: BSD-2-Clause
/** Every rule that is implemented, for the engine and for people. */
import { N02, N03, N04, N05 } from './deliveries.ts';
import { K13, K14 } from './effects.ts';
import { F01, F02, F03, F04, F05 } from './faults.ts';
import { B01, B02, B03 } from './memory.ts';
import { I01, I02, K08_MESSAGES } from './messages.ts';
import { K15, K16, S02, S03, S04, S10 } from './progress.ts';
import { L04_WRITTEN } from './register-count.ts';
import { K11_REPEATED, K12_REPEATED } from './reply-error.ts';
import { REPLY_RULES } from './reply.ts';
import { DECIDERS, type Decider, type RuleInfo, type TraceRule } from './rule.ts';
import { USE_RULES } from './stub-uses.ts';
import { S01, S05, S06, S07, S08, S09, S11, S12 } from './thread-state.ts';
import { T01, T02 } from './time.ts';
import { L05 } from './undeclared.ts';

/** Rules over a record and what is known of its run. A record's findings come in this order, after those over its replies. */
export const TRACE_RULES: readonly TraceRule[] = [
  K08_MESSAGES, K11_REPEATED, K12_REPEATED, K13, K14, K15, K16, N02, N03, N04, N05, S01, S02, S03, S04, S05, S06, S07, S08, S09, S10, S11, S12,
  F01, F02, F03, F04, F05, I01, I02, B01, B02, B03, T01, T02, L04_WRITTEN, L05,
];

export { RULES_REVISION } from './revision.ts';

/** All rules by id, in the order of their ids. */
export const RULES: ReadonlyMap<string, RuleInfo> = new Map(
  [...new Set([...REPLY_RULES, ...TRACE_RULES, ...USE_RULES].map((rule) => rule.info))]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((info) => [info.id, info]),
);

const has = (rules: readonly { readonly info: RuleInfo }[], info: RuleInfo): boolean => rules.some((rule) => rule.info === info);

/** Who can find out that a rule is broken. */
export function decidersOf(info: RuleInfo): readonly Decider[] {
  if (info.decidedBy !== undefined) return info.decidedBy;
  const inStub = has(REPLY_RULES, info) || has(USE_RULES, info);
  const inTrace = has(REPLY_RULES, info) || has(TRACE_RULES, info);
  return DECIDERS.filter((decider) => (decider === 'stub' ? inStub : inTrace));
}

/** The rule with this id, in any case, e.g. `K05` or `k05`, or with this name, e.g. `reply-short`. */
export function ruleInfo(id: string): RuleInfo | undefined {
  return RULES.get(id.toUpperCase()) ?? [...RULES.values()].find((info) => info.name === id.toLowerCase());
}
