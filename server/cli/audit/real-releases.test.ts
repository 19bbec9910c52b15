// SPDX-License-Identifier: BSD-2-Clause
/**
 * What the rules find in real kernels of the releases, against what they find in the model with the defects of that release.
 * SEL4SCOPE_KERNEL_RELEASES is a folder with RELEASE-mcs, RELEASE-classic, … that have a kernel.elf each.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defectsOfRelease } from '../../../emulator/kernel/releases.ts';
import { OBSERVED_RELEASES } from '../../../emulator/machine/image/releases.ts';
import type { Release, Scheduling } from '../../../schema/abi/index.ts';
import { readKernelFile, type KernelFile } from '../kernel-file.ts';
import { auditCases, emptyCoverage, runCase, type AuditCase } from './case-run.ts';

const folder = process.env['SEL4SCOPE_KERNEL_RELEASES'];
if (folder === undefined) console.warn('findings in kernels of the releases are not compared with the model: SEL4SCOPE_KERNEL_RELEASES is not set');

/** Methods that give a value, which releases have lost. */
const METHODS = ['RISCVPageGetAddress', 'SchedContextConsumed', 'SchedContextYieldTo'];
const LONG = 600_000;

interface Build {
  readonly file: string;
  readonly release: Release;
  readonly scheduling: Scheduling;
}

function builds(): Build[] {
  return folder === undefined ? [] : readdirSync(folder).flatMap((name): Build[] => {
    const [, version, scheduling] = /^(\d+\.\d+\.\d+)-(mcs|classic)/.exec(name) ?? [];
    const release = OBSERVED_RELEASES.find((each) => each === version);
    const file = join(folder, name, 'kernel.elf');
    return release !== undefined && existsSync(file) ? [{ file, release, scheduling: scheduling as Scheduling }] : [];
  });
}

/** Of each method its first situation, by a Call and by a Send. */
function casesOf(scheduling: Scheduling): AuditCase[] {
  const accepted = auditCases(scheduling).filter(({ kind, buffer }) => kind === 'accepted' && buffer === 'rw');
  return METHODS.flatMap((method) => ['Call', 'Send'].flatMap((syscall) => accepted.find((each) => each.method === method && each.syscall === syscall) ?? []));
}

/** `RULE METHOD` of all findings, by case. */
async function findings({ scheduling, release }: Build, kernel?: KernelFile): Promise<Record<string, string[]>> {
  const defects = kernel === undefined ? defectsOfRelease(release, scheduling) : [];
  const options = { scheduling, defects, checkInvariants: false, coverage: emptyCoverage(), ...(kernel === undefined ? {} : { kernel }) };
  const found: Record<string, string[]> = {};
  for (const each of casesOf(scheduling)) {
    const result = await runCase(each, options);
    found[each.id] = [...new Set(result.findings.map(({ rule, method }) => `${rule} ${method}`))].sort();
  }
  return found;
}

describe.skipIf(folder === undefined)('a real kernel of a release', () => {
  it.each(builds())('$file answers as the model of $release does, right and wrong', async (build) => {
    const { file, release, scheduling } = build;
    const real = await findings(build, readKernelFile({ kernel: file, release }));
    expect(real).toEqual(await findings(build));
    // The history of these replies, as the kernel's change log has it.
    const lost = Object.values(real).flat().filter((each) => each.startsWith('K05')).map((each) => each.slice(4));
    const wrong = [...release < '13' ? ['RISCVPageGetAddress'] : [], ...scheduling === 'mcs' && release < '14' ? ['SchedContextConsumed', 'SchedContextYieldTo'] : []];
    expect([...new Set(lost)].sort()).toEqual(wrong);
  }, LONG);

  it('is there', () => {
    expect(builds().length).toBeGreaterThan(0);
  });
});
