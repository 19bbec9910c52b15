// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { DEFECTS, type DefectName } from '../../../emulator/kernel/defects.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import { auditCases, emptyCoverage, runCase, type AuditCase } from './case-run.ts';
import type { Known } from './expectations.ts';
import { fails, makeReport, percent, type AuditReport } from './report.ts';
import { runAudit } from './run-audit.ts';

interface Options {
  readonly defects?: readonly DefectName[];
  readonly known?: readonly Known[];
  readonly checkInvariants?: boolean;
  readonly only?: (each: AuditCase) => boolean;
}

async function audit(scheduling: Scheduling, { defects = [], known = [], checkInvariants = false, only = () => true }: Options = {}): Promise<AuditReport> {
  const audited = await runAudit(auditCases(scheduling).filter(only), { scheduling, defects, checkInvariants });
  return makeReport({ scheduling, defects, options: [], known, ...audited });
}

/** Thousands of cases take seconds, many more on a machine that is busy. */
const LONG = 600_000;

/** Kinds of situations in which the state of the kernel changes in ways of its own. */
const CHECKED: ReadonlySet<string> = new Set(['accepted', 'caller suspended', 'caller deleted', 'out of budget']);

describe.each(['mcs', 'classic'] as const)('the audit of the clean %s kernel', (scheduling) => {
  it('invokes every method, meets every documented error and outcome, and finds nothing', async () => {
    const report = await audit(scheduling);
    expect(report.findings).toEqual([]);
    expect(fails(report)).toBe(false);
    expect(report.verdicts).toEqual({ clean: report.cases, known: 0, finding: 0 });
    const { methods, errors, outcomes, situations } = report.coverage;
    expect(methods.missing).toEqual([]);
    expect(methods.total).toBe(scheduling === 'mcs' ? 46 : 40);
    expect(errors.missing).toEqual([]);
    expect(percent(errors)).toBe(100);
    expect(outcomes.missing).toEqual([]);
    expect(situations.missing).toEqual([]);
    expect(report.matrix.flatMap(({ cells }) => cells).filter(({ reason }) => reason === 'not tried')).toEqual([]);
  }, LONG);

  it('breaks no invariant of the model', async () => {
    // One way to send each request is enough: the state of the kernel depends little on the others.
    const report = await audit(scheduling, { checkInvariants: true, only: ({ syscall, buffer, kind }) => buffer === 'rw' && (syscall === 'Send' ? CHECKED.has(kind) : kind === 'late answer') });
    expect(report.findings).toEqual([]);
  });

  it('has cases with names of their own', () => {
    const ids = auditCases(scheduling).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the audit of a kernel with a defect', () => {
  it.each(['page-get-address', 'sc-consumed', 'sc-yield-to', 'yield-to-send', 'configure-flags-short'] as const)('%s: names its method and its rules, and nothing else', async (name) => {
    const { methods, rules } = DEFECTS[name];
    const report = await audit('mcs', { defects: [name], only: ({ method }) => (methods as readonly string[]).includes(method) || method.startsWith('TCBSet') });
    expect([...new Set(report.findings.map(({ rule }) => rule))]).toEqual([...rules]);
    expect([...new Set(report.findings.map(({ method }) => method))]).toEqual([...methods]);
    expect(fails(report)).toBe(true);
  });

  it.each(DEFECTS['classic-ghost-fault'].configurations)('classic-ghost-fault: names the system calls and its rules, on %s', async (scheduling) => {
    const report = await audit(scheduling, { defects: ['classic-ghost-fault'], only: ({ id }) => id.startsWith('Faults/') });
    const byRules = report.findings.filter(({ rule }) => rule !== 'answer');
    expect([...new Set(byRules.map(({ rule }) => rule))].sort()).toEqual([...DEFECTS['classic-ghost-fault'].rules]);
    expect(report.findings.every(({ example }) => example.startsWith('Faults/unheard-'))).toBe(true);
  });

  it('gives a case that shows each finding again', async () => {
    const defects = ['sc-consumed'] as const;
    const { findings } = await audit('mcs', { defects, only: ({ method }) => method === 'SchedContextConsumed' });
    for (const { rule, example } of findings) {
      const each = auditCases('mcs').find(({ id }) => id === example)!;
      const again = await runCase(each, { scheduling: 'mcs', defects, checkInvariants: false, coverage: emptyCoverage() });
      expect(again.findings.map((finding) => finding.rule)).toContain(rule);
    }
    expect(findings).toHaveLength(3);
  });

  it('is not failed by known findings, and is by one that no longer appears', async () => {
    const only = ({ method }: AuditCase): boolean => method === 'SchedContextConsumed';
    const known = ['K05', 'K09', 'N01'].map((rule) => ({ rule, method: 'SchedContextConsumed', reason: 'seL4#1435' }));
    const defective = await audit('mcs', { defects: ['sc-consumed'], known, only });
    expect(fails(defective)).toBe(false);
    expect(defective.verdicts.known).toBeGreaterThan(0);
    const mended = await audit('mcs', { known, only });
    expect(mended.vanished).toEqual(known);
    expect(fails(mended)).toBe(true);
    const elsewhere = await audit('mcs', { defects: ['sc-consumed'], known: known.map((entry) => ({ ...entry, situation: 'own' })), only });
    expect(elsewhere.verdicts.finding).toBeGreaterThan(0);
    expect(elsewhere.verdicts.known).toBeGreaterThan(0);
  });
});
