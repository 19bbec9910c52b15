// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { interfacesOf } from '../idl/load.ts';
import { RULES } from './catalogue.ts';
import type { MessageUse } from './message-use.ts';
import { DELIVERY_CASES } from './testdata/delivery-cases.ts';
import { EFFECT_CASES } from './testdata/effect-cases.ts';
import { HISTORIC_CASES } from './testdata/historic-cases.ts';
import { MEMORY_CASES } from './testdata/memory-cases.ts';
import { MESSAGE_CASES } from './testdata/message-cases.ts';
import { PROGRESS_CASES } from './testdata/progress-cases.ts';
import { REPLY_CASES } from './testdata/reply-cases.ts';
import type { RuleCase } from './testdata/rule-case.ts';
import { STATE_CASES } from './testdata/state-cases.ts';
import { USE_CASES } from './testdata/use-cases.ts';
import { checkUse } from './stub-uses.ts';
import { TraceBuilder, anomaliesOf, rulesBroken } from './testing.ts';

const CASES = [...REPLY_CASES, ...HISTORIC_CASES, ...PROGRESS_CASES, ...DELIVERY_CASES, ...MESSAGE_CASES, ...STATE_CASES, ...EFFECT_CASES, ...MEMORY_CASES, ...USE_CASES];

function findings(ruleCase: RuleCase): string[] {
  const model = interfacesOf(ruleCase.configuration ?? 'riscv64-mcs');
  if (ruleCase.facts !== undefined) return rulesBroken(ruleCase.facts(model));
  if (ruleCase.use !== undefined) return usesBroken(ruleCase.use);
  const trace = new TraceBuilder(model);
  ruleCase.trace?.(trace);
  expect(trace.records.length).toBeGreaterThan(0);
  return anomaliesOf(model, trace.records).map((anomaly) => anomaly.rule);
}

function usesBroken(use: MessageUse): string[] {
  const ids: string[] = [];
  checkUse(use, ({ id }, detail) => { ids.push(id); expect(detail).not.toMatch(/undefined|NaN/); });
  return ids;
}

describe.each([...RULES.keys()])('%s', (id) => {
  const cases = CASES.filter((ruleCase) => ruleCase.rule === id);

  it('has a case in which it fires and one in which it is quiet', () => {
    expect(cases.some((ruleCase) => ruleCase.expect.includes(id))).toBe(true);
    expect(cases.some((ruleCase) => !ruleCase.expect.includes(id))).toBe(true);
  });

  it.each(cases)('$expect: $title', (ruleCase) => {
    expect(findings(ruleCase)).toEqual(ruleCase.expect);
  });
});

it('has no case for a rule that does not exist', () => {
  expect(CASES.map((ruleCase) => ruleCase.rule).filter((id) => !RULES.has(id))).toEqual([]);
});
