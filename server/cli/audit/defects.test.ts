// SPDX-License-Identifier: BSD-2-Clause
/** The audit is not told what is wrong with a kernel, and finds it: every defect, by the rules of its row. */
import { describe, expect, it } from 'vitest';
import { DEFECTS, DEFECT_NAMES, type DefectName } from '../../../emulator/kernel/defects.ts';
import { SCENARIO_FAMILIES } from '../../../examples/audit/cases.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import { OWN_RULES, auditCases, type AuditCase } from './case-run.ts';
import { runAudit } from './run-audit.ts';

/** Hundreds of cases take a second, many more on a machine that is busy. */
const LONG = 600_000;

/** What follows from a defect where a program goes on after it, besides what its row says. */
const FURTHER: Partial<Record<DefectName, readonly string[]>> = {
  // The faulter that goes on still has its fault, and its next message is taken for that.
  'call-without-reply': ['F04'],
  // Who was timed out starts again without time, and is timed out again.
  'cancel-faulters': ['T02'],
};

/**
 * The part of the audit that takes in the methods of the row, and the scenarios unless the row is about answers of the
 * kernel alone. The whole audit finds the same and takes ten times as long.
 */
function partFor(name: DefectName, scheduling: Scheduling): AuditCase[] {
  const methods: readonly string[] = DEFECTS[name].methods;
  const { byId } = interfacesOf(`riscv64-${scheduling}`);
  const aboutAnswers = methods.every((method) => byId.has(method)) && DEFECTS[name].rules.every((rule) => /^[KLNT]/.test(rule));
  return auditCases(scheduling).filter(({ method }) => methods.includes(method) || (!aboutAnswers && SCENARIO_FAMILIES.includes(method)));
}

describe.each(DEFECT_NAMES)('the audit of a kernel with %s', (name) => {
  it.each(DEFECTS[name].configurations)('on %s reports the rules of its row', async (scheduling) => {
    const { results } = await runAudit(partFor(name, scheduling), { scheduling, defects: [name], checkInvariants: false });
    const found = new Set(results.flatMap(({ findings }) => findings.map(({ rule }) => rule)).filter((rule) => !(rule in OWN_RULES)));
    for (const rule of FURTHER[name] ?? []) found.delete(rule);
    expect([...found].sort()).toEqual([...DEFECTS[name].rules].sort());
    expect(results.flatMap(({ findings }) => findings).filter(({ rule }) => rule === 'crash' || rule === 'invariant')).toEqual([]);
  }, LONG);
});
