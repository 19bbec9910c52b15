// SPDX-License-Identifier: BSD-2-Clause
import { Command, Option } from 'commander';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import type { TrapRecord } from '../../../schema/trace/trap-record.ts';
import type { AuditCase } from '../audit/case-run.ts';
import { jsonText, writeReport } from '../ci-reports/report-file.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import type { KernelFile } from '../kernel-file.ts';
import { printJson, printLine } from '../output.ts';
import { askedConfiguration, wantsKernel, withKernelOption, type KernelOptions } from './kernel-options.ts';
import { chosenDefects, withDefectOption, type DefectOptions } from './options.ts';

interface AuditCommandOptions extends DefectOptions, KernelOptions {
  readonly config: Scheduling;
  readonly case?: string;
  readonly list?: boolean;
  readonly expect?: string;
  readonly checkInvariants?: boolean;
  readonly json?: boolean;
  readonly markdown?: string;
  readonly html?: string;
  readonly junit?: string;
  readonly sarif?: string;
}

/** `sel4scope audit`: every method in every situation, each case in a kernel of its own, and a report. */
export function auditCommand(): Command {
  return withKernelOption(withDefectOption(new Command('audit')))
    .description('review every reply of the embedded kernel, or of a real one: each method × system call × situation')
    .addOption(new Option('--config <name>', 'kernel configuration; with --kernel it is the kernel\'s').choices(['mcs', 'classic']).default('mcs'))
    .option('--list', 'list the cases')
    .option('--case <id>', 'run one case and print its records in full')
    .option('--expect <file>', 'known findings: a JSON list of {"rule", "method", "situation"?, "reason"}')
    .option('--check-invariants', 'check the invariants of the kernel model after every trap, too')
    .option('--json', 'print the report as JSON')
    .option('--markdown <file>', 'write the report as Markdown')
    .option('--html <file>', 'write the report as an HTML page')
    .option('--junit <file>', 'write the report as JUnit XML')
    .option('--sarif <file>', 'write the findings as SARIF 2.1.0')
    .addHelpText('after', `
Exits with 1 on findings that are not expected, and on expected ones that no longer appear.

Examples:
  sel4scope audit
  sel4scope audit --config classic --html report.html
  sel4scope audit --defect sc-consumed
  sel4scope audit --defect sc-consumed --case SchedContextConsumed/own/Call/rw
  sel4scope audit --kernel build/kernel/kernel.elf --html report.html`)
    .action(async (given: AuditCommandOptions, command: Command) => {
      const { auditCases } = await import('../audit/case-run.ts');
      const { options, kernel } = await chosenKernel(given, command);
      const cases = casesFor(auditCases(options.config), kernel);
      if (options.list === true) return listCases(cases, options);
      if (options.case !== undefined) return showCase(cases, options.case, options, kernel);
      await auditAll(cases, options, kernel);
    });
}

interface Chosen {
  /** With the configuration of the kernel. */
  readonly options: AuditCommandOptions;
  /** undefined: the model. */
  readonly kernel: KernelFile | undefined;
}

async function chosenKernel(options: AuditCommandOptions, command: Command): Promise<Chosen> {
  if (!wantsKernel(options)) return { options, kernel: undefined };
  const { readKernelFile, schedulingOf } = await import('../kernel-file.ts');
  const kernel = readKernelFile(options);
  return { options: { ...options, config: schedulingOf(kernel, askedConfiguration(command)) }, kernel };
}

/**
 * The cases that a kernel can run: those of methods that came with later releases, of system calls of debug builds, and of
 * interrupts on a platform without devices, are left out.
 */
function casesFor(cases: readonly AuditCase[], kernel: KernelFile | undefined): readonly AuditCase[] {
  if (kernel === undefined) return cases;
  const { missing, image, hasInterrupts } = kernel;
  return cases.filter(({ method, needsDebugBuild, needsInterrupts }) => !missing.has(method) && (image.debug || !needsDebugBuild) && (hasInterrupts || !needsInterrupts));
}

function listCases(cases: readonly AuditCase[], { json }: AuditCommandOptions): void {
  if (json === true) return printJson(cases.map(({ id, method, object, situation, kind, syscall, buffer }) => ({ id, method, object, situation, kind, syscall, buffer })));
  for (const { id } of cases) printLine(id);
}

async function showCase(cases: readonly AuditCase[], id: string, options: AuditCommandOptions, kernel: KernelFile | undefined): Promise<void> {
  const each = cases.find((one) => one.id === id);
  if (each === undefined) throw new CommandError(EXIT.usage, `there is no case ${id}`, 'sel4scope audit --list shows them all');
  const { emptyCoverage, runCase } = await import('../audit/case-run.ts');
  const { Names, plainCase, printCase } = await import('../audit/case-text.ts');
  const names = new Names(options.config);
  const records: TrapRecord[] = [];
  const result = await runCase(each, {
    scheduling: options.config, defects: kernel === undefined ? chosenDefects(options, options.config) : [], checkInvariants: options.checkInvariants ?? false,
    coverage: emptyCoverage(), ...(kernel === undefined ? {} : { kernel }), onRecord: (record) => records.push(record.clone()), onSubject: (subject) => names.announce(subject),
  });
  if (options.json === true) printJson(plainCase(result, records, names));
  else printCase(result, records, names);
  process.exitCode = result.findings.length === 0 ? EXIT.fine : EXIT.findings;
}

async function auditAll(cases: readonly AuditCase[], options: AuditCommandOptions, kernel: KernelFile | undefined): Promise<void> {
  const { readKnown } = await import('../audit/expectations.ts');
  const { fails, makeReport } = await import('../audit/report.ts');
  const { runAudit } = await import('../audit/run-audit.ts');
  const known = options.expect === undefined ? [] : readKnown(options.expect);
  const defects = kernel === undefined ? chosenDefects(options, options.config) : [];
  const progress = progressLine();
  const audited = await runAudit(cases, {
    scheduling: options.config, defects, checkInvariants: options.checkInvariants ?? false, progress: progress.show, ...(kernel === undefined ? {} : { kernel }),
  });
  progress.clear();
  const report = makeReport({ scheduling: options.config, defects, options: kernelOptions(options), known, ...audited });
  if (options.json === true) printJson(report);
  else (await import('../audit/text.ts')).printAudit(report);
  if (options.markdown !== undefined) writeReport(options.markdown, (await import('../audit/markdown.ts')).markdownOf(report));
  if (options.html !== undefined) writeReport(options.html, (await import('../audit/html.ts')).htmlOf(report));
  if (options.junit !== undefined) writeReport(options.junit, (await import('../audit/junit.ts')).junitOf(report));
  if (options.sarif !== undefined) writeReport(options.sarif, jsonText((await import('../audit/sarif.ts')).sarifOf(report)));
  process.exitCode = fails(report) ? EXIT.findings : EXIT.fine;
}

/** The options that choose the kernel, as they were given. */
function kernelOptions({ config, release, defect, kernel, interfaces }: AuditCommandOptions): string[] {
  if (kernel !== undefined) return [`--kernel ${kernel}`, ...(release === undefined ? [] : [`--release ${release}`]), ...(interfaces === undefined ? [] : [`--interfaces ${interfaces}`])];
  return [
    ...(config === 'mcs' ? [] : [`--config ${config}`]),
    ...(release === undefined ? [] : [`--release ${release}`]),
    ...defect.map((name) => `--defect ${name}`),
  ];
}

/** How far the audit is, on a line of standard error that goes away; nothing where that is no terminal. */
function progressLine(): { show: (done: number, total: number, next: AuditCase) => void; clear: () => void } {
  const { stderr } = process;
  if (stderr.isTTY !== true) return { show: () => {}, clear: () => {} };
  let shown = '';
  return {
    show: (done, total, { method }) => {
      const text = `${Math.floor((100 * done) / total)} % ${method}`;
      if (text === shown) return;
      shown = text;
      stderr.write(`\r\u001b[K${text}`);
    },
    clear: () => { stderr.write('\r\u001b[K'); },
  };
}
