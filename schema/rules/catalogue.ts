// SPDX-License-Identifier: BSD-2-Clause
/** Every rule that is implemented, for the engine and for people. */
import { B01, N02, N03, N04, N05 } from './deliveries.ts';
import { K13, K14 } from './effects.ts';
import { F01, F02, F03, F04, F05 } from './faults.ts';
import { I01, I02, K08_MESSAGES } from './messages.ts';
import { K15, K16, S02, S03, S04, S10 } from './progress.ts';
import { REPLY_RULES } from './reply.ts';
import type { RuleInfo, TraceRule } from './rule.ts';
import { S01, S05, S06, S07, S08, S09, S11, S12 } from './thread-state.ts';
import { T01, T02 } from './time.ts';

/** Rules over a record and what is known of its run. A record's findings come in this order, after those over its replies. */
export const TRACE_RULES: readonly TraceRule[] = [
  K08_MESSAGES, K13, K14, K15, K16, N02, N03, N04, N05, S01, S02, S03, S04, S05, S06, S07, S08, S09, S10, S11, S12,
  F01, F02, F03, F04, F05, I01, I02, B01, T01, T02,
];

/** All rules by id, in the order of their ids. */
export const RULES: ReadonlyMap<string, RuleInfo> = new Map(
  [...new Set([...REPLY_RULES, ...TRACE_RULES].map((rule) => rule.info))]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((info) => [info.id, info]),
);

/** The rule with this id, in any case, e.g. `K05` or `k05`, or with this name, e.g. `reply-short`. */
export function ruleInfo(id: string): RuleInfo | undefined {
  return RULES.get(id.toUpperCase()) ?? [...RULES.values()].find((info) => info.name === id.toLowerCase());
}
