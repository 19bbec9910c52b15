// SPDX-License-Identifier: BSD-2-Clause
import { Command, Option } from 'commander';
import type { MethodComparison, RecordDifference, RunComparison, RunSummary } from '../../../schema/api/index.ts';
import { EXIT } from '../exit-codes.ts';
import { bold, dim, note, printJson, printLine, printTable, red } from '../output.ts';
import { accessService, withServiceOptions, type ServiceOptions } from '../service-access.ts';

interface DiffOptions extends ServiceOptions {
  readonly depth: 'words' | 'protocol';
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `sel4scope diff A B`: where the kernels of two runs did not do the same. Exit code 1 when they did not. */
export function diffCommand(): Command {
  return withServiceOptions(new Command('diff'))
    .description('compare two runs record by record: model against image, release against release')
    .argument('<a>', 'run id')
    .argument('<b>', 'run id, or latest')
    .addOption(new Option('--depth <depth>', 'words: message words too; protocol: outcomes, message info, what was written, thread states').choices(['words', 'protocol']).default('words'))
    .option('--all', 'list methods without a difference too')
    .option('--json', 'print JSON')
    .addHelpText('after', `
The n-th time that a thread does something is compared with the n-th time in the other run; threads and objects are
matched by name. Interrupts and times are not compared. Exit code 1 when something differs.

Example: run the same program on two kernels, then compare what they did
  sel4scope run ipc.ts && sel4scope run ipc.ts --release 12.1.0 && sel4scope runs
  sel4scope diff 5f3c… latest --depth protocol`)
    .action(async (a: string, b: string, options: DiffOptions) => {
      const service = await accessService(options);
      try {
        const comparison = await service.get<RunComparison>('/api/compare', { a, b, depth: options.depth });
        if (isDifferent(comparison)) process.exitCode = EXIT.findings;
        if (options.json === true) printJson(comparison);
        else print(comparison, options.all === true);
      } finally {
        await service.close();
      }
    });
}

/** Records differ, or for runs without records their counts. */
function isDifferent({ first, recordsDropped, methods }: RunComparison): boolean {
  return first !== null || (recordsDropped !== undefined && methods.some((method) => outcomesText(method) !== ''));
}

function print({ a, b, recordsDropped, pairs, first, methods }: RunComparison, all: boolean): void {
  printLine(`${bold('a')} ${runText(a)}`);
  printLine(`${bold('b')} ${runText(b)}`);
  if (recordsDropped !== undefined) printLine(`the records of ${recordsDropped.join(' and ')} are not kept any more: only counts are compared`);
  const shown = all ? methods : methods.filter((method) => method.first !== null || (recordsDropped !== undefined && outcomesText(method) !== ''));
  if (recordsDropped !== undefined && shown.length === 0) printLine('no difference in what was counted');
  else if (recordsDropped !== undefined) note('which records differ is not known');
  else if (first === null) printLine(`no difference in ${pairs} records`);
  else printDifference(first);
  if (shown.length === 0) return;
  printTable(shown, [
    { title: 'method', text: ({ method }) => method },
    { title: 'in a', text: (row) => String(row.a), right: true },
    { title: 'in b', text: (row) => String(row.b), right: true },
    { title: 'other request', text: (row) => count(row.requests), right: true },
    { title: 'other answer', text: (row) => (row.answers === 0 ? '' : red(String(row.answers))), right: true },
    { title: 'no partner', text: (row) => count(row.unmatched), right: true },
    { title: 'outcomes a, b', text: outcomesText },
    { title: 'mean time a, b', text: meanTimes, right: true },
    { title: 'p99 a, b', text: ({ latencyA, latencyB }) => `${latencyA === null ? '-' : `${latencyA.p99} ns`}, ${latencyB === null ? '-' : `${latencyB.p99} ns`}`, right: true },
    { title: 'first', text: (row) => (row.first === null ? '' : `${row.first.a ?? '-'} / ${row.first.b ?? '-'}`) },
    { title: 'differs in', text: (row) => row.first?.fields.slice(0, 3).map(({ field }) => field).join(', ') ?? '' },
  ]);
  note(dim('`sel4scope records SEQ --run RUN` shows a record in full'));
}

function runText(run: RunSummary): string {
  return `${run.run}: ${run.program} on ${run.kernel} ${run.kernelVersion}, ${run.configuration}, ${run.records} records${run.defects.length === 0 ? '' : `, defects ${run.defects.join(', ')}`}`;
}

function printDifference({ a, b, what, fields }: RecordDifference): void {
  printLine(`${red('first difference')}: record ${a ?? '-'} of a, record ${b ?? '-'} of b (${what})`);
  if (a === null || b === null) printLine('  the other run has no such record');
  for (const field of fields) printLine(`  ${field.field}: ${field.a ?? 'nothing'} | ${field.b ?? 'nothing'}`);
}

function count(value: number): string {
  return value === 0 ? '' : String(value);
}

/** Outcomes of which one run has more than the other. */
function outcomesText({ outcomes }: MethodComparison): string {
  return outcomes.filter(({ a, b }) => a !== b).map(({ outcome, a, b }) => `${outcome} ${a}, ${b}`).join('; ');
}

function meanTimes({ meanTimeA, meanTimeB }: MethodComparison): string {
  const text = (time: number | null): string => (time === null ? '-' : `${time.toFixed(0)} ns`);
  return `${text(meanTimeA)}, ${text(meanTimeB)}`;
}
