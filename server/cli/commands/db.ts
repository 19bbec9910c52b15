// SPDX-License-Identifier: BSD-2-Clause
import { Command, Option } from 'commander';
import type { CheckReport, PrunePlan, PruneReport, RetentionPolicy } from '../../../schema/api/index.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { writeDownload } from '../download-file.ts';
import { bold, green, note, printJson, printLine, printTable, red } from '../output.ts';
import { progress } from '../progress.ts';
import { accessService, dataDirectory, findService, localDirectory, withServiceOptions, type ServiceOptions } from '../service-access.ts';
import { parseTag, withDataOption } from './options.ts';
import { parseAge, parseSize, sizeText } from './retention-options.ts';

interface JsonOption {
  readonly json?: boolean;
}

/** `sel4scope db ...`: taking care of what is kept. */
export function dbCommand(): Command {
  const command = new Command('db').description('take care of the data directory: check, backup, prune, vacuum, stats');
  for (const make of [checkCommand, backupCommand, pruneCommand, vacuumCommand, statsCommand]) command.addCommand(make());
  return command;
}

function checkCommand(): Command {
  return withServiceOptions(new Command('check'))
    .description('look for damage, and for counts that contradict the records; also while a service runs. Exit code 1 when something is wrong')
    .option('--json', 'print JSON')
    .action(async (options: ServiceOptions & JsonOption) => {
      const report = options.server === undefined ? await checkHere(options) : await askService<CheckReport>(options, '/api/admin/check');
      process.exitCode = report.ok ? EXIT.fine : EXIT.findings;
      if (options.json === true) return printJson(report);
      for (const { run, problem } of report.problems) printLine(red(run === null ? problem : `run ${run}: ${problem}`));
      if (report.problemCount > report.problems.length) printLine(`and ${report.problemCount - report.problems.length} more`);
      printLine(`${report.runs} runs, ${report.chunks} chunks, ${report.records} records: ${report.ok ? green('all is well') : red(`${report.problemCount} problems`)}`);
    });
}

async function checkHere({ data }: ServiceOptions): Promise<CheckReport> {
  const { checkStore } = await import('../../store/check.ts');
  const { openReader } = await import('../../store/open.ts');
  const db = openReader(await localDirectory(data));
  const line = progress();
  try {
    const work = checkStore(db);
    for (;;) {
      const step = work.next();
      if (step.done === true) return step.value;
      const { records, totalRecords } = step.value;
      line.show(() => `${records} of ${totalRecords} records`);
    }
  } finally {
    line.clear();
    db.close();
  }
}

function backupCommand(): Command {
  return withServiceOptions(new Command('backup'))
    .description('write a verified copy of everything into one file; also while a service runs')
    .argument('<file>', 'the copy: a trace file (.s4trace unless it has an ending)')
    .option('--force', 'overwrite the file')
    .addHelpText('after', '\nTo go back to a backup, stop the service and put the copy into an empty data directory as traces.db.')
    .action(async (given: string, options: ServiceOptions & { force?: boolean }) => {
      const { refuseTaken, traceFileName } = await import('../../store/trace-file.ts');
      const file = traceFileName(given);
      refuseTaken(file, options.force === true);
      if (options.server === undefined) {
        const { backupStore } = await import('../../store/backup.ts');
        backupStore(await localDirectory(options.data), file);
      } else {
        await writeDownload({ ...options, server: options.server }, '/api/admin/backup', file);
      }
      printLine(`everything is in ${file}`);
    });
}

interface PruneOptions extends ServiceOptions, JsonOption {
  readonly olderThan?: number;
  readonly maxSize?: number;
  readonly run: readonly string[];
  readonly keepTag: readonly string[];
  readonly drop: 'records' | 'runs';
  readonly dryRun?: boolean;
}

function pruneCommand(): Command {
  return withServiceOptions(new Command('prune'))
    .description('make room: drop the records of old runs, or the runs')
    .option('--older-than <age>', 'of runs to which nothing has happened for so long: 12h, 30d, 8w', parseAge)
    .option('--max-size <size>', 'of the oldest runs, until no more than this is in use: 5GB', parseSize)
    .option('--run <id>', 'of this run (may be repeated)', (id: string, earlier: readonly string[]) => [...earlier, id], [])
    .option('--keep-tag <tag>', 'never touch runs with this tag (may be repeated)', (tag: string, earlier: readonly string[]) => [...earlier, parseTag(tag)], [])
    .addOption(new Option('--drop <what>', 'records: runs keep their counts and anomalies; runs: nothing stays').choices(['records', 'runs']).default('records'))
    .option('--dry-run', 'only say what would go')
    .option('--json', 'print JSON')
    .action(async (options: PruneOptions) => {
      const { olderThan, maxSize, run, keepTag, drop } = options;
      if (olderThan === undefined && maxSize === undefined && run.length === 0) throw new CommandError(EXIT.usage, 'say what is to go: --older-than, --max-size or --run');
      const policy: RetentionPolicy = {
        ...(olderThan === undefined ? {} : { olderThanMs: olderThan }), ...(maxSize === undefined ? {} : { maxBytes: maxSize }), runs: [...run], keepTags: [...keepTag], drop,
      };
      const service = await accessService(options);
      try {
        if (options.dryRun === true) return printPlan(await service.send<PrunePlan>('POST', '/api/admin/prune/plan', policy), options);
        const report = await service.send<PruneReport>('POST', '/api/admin/prune', policy);
        if (options.json === true) return printJson(report);
        printLine(`records of ${report.runsWithoutRecords} runs dropped, ${report.runsRemoved} runs removed, ${sizeText(report.bytesFreed)} freed`);
      } finally {
        await service.close();
      }
    });
}

function printPlan(plan: PrunePlan, { json }: JsonOption): void {
  if (json === true) return printJson(plan);
  if (plan.steps.length === 0) return printLine(`nothing would go; ${sizeText(plan.usedBytes)} are in use`);
  printTable(plan.steps, [
    { title: 'run', text: ({ run }) => run },
    { title: 'last change', text: ({ changedAt }) => changedAt.slice(0, 16).replace('T', ' ') },
    { title: 'program', text: ({ program }) => program, cut: true },
    { title: 'goes', text: ({ drop }) => (drop === 'run' ? 'all of it' : 'records') },
    { title: 'records', text: ({ records }) => String(records), right: true },
    { title: 'size', text: ({ bytes }) => sizeText(bytes), right: true },
  ]);
  note(`${sizeText(plan.steps.reduce((sum, { bytes }) => sum + bytes, 0))} of ${sizeText(plan.usedBytes)} in use would be freed`);
}

function vacuumCommand(): Command {
  return withDataOption(new Command('vacuum'))
    .description('rewrite the database without gaps; no service may run on the directory')
    .action(async ({ data }: { data?: string }) => {
      const directory = dataDirectory(data);
      if (await findService(data === undefined ? {} : { data }) !== undefined) {
        throw new CommandError(EXIT.usage, `a service has ${directory}: stop it first`, 'while it runs, `sel4scope db prune` makes room and gives it back');
      }
      const { vacuumStore } = await import('../../store/vacuum.ts');
      const { before, after } = vacuumStore(directory);
      printLine(`${sizeText(before)} before, ${sizeText(after)} after`);
    });
}

function statsCommand(): Command {
  return withDataOption(new Command('stats'))
    .description('show how much room the traces take, and what for')
    .option('--json', 'print JSON')
    .action(async ({ data, json }: { data?: string } & JsonOption) => {
      const { openReader } = await import('../../store/open.ts');
      const { storeStatistics } = await import('../../store/statistics.ts');
      const db = openReader(await localDirectory(data));
      try {
        const stats = storeStatistics(db);
        if (json === true) return printJson(stats);
        printLine(bold(`${stats.file}: ${sizeText(stats.fileBytes)}, log ${sizeText(stats.logBytes)}, ${sizeText(stats.freeBytes)} free inside, format ${stats.version}`));
        printLine(`  ${stats.runs} runs (${stats.runsWithoutRecords} without their records), ${stats.anomalies} anomalies`);
        printLine(`  ${stats.records} records, ${stats.bytesPerRecord.toFixed(1)} bytes each`);
        printTable(stats.tables, [
          { title: '  table', text: ({ table }) => `  ${table}` },
          { title: 'rows', text: ({ rows }) => String(rows), right: true },
          { title: 'size', text: ({ bytes }) => sizeText(bytes), right: true },
        ]);
      } finally {
        db.close();
      }
    });
}

async function askService<T>(options: ServiceOptions, path: string): Promise<T> {
  const service = await accessService(options);
  try {
    return await service.send<T>('POST', path);
  } finally {
    await service.close();
  }
}
