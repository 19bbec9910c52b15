// SPDX-License-Identifier: BSD-2-Clause
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { Command } from 'commander';
import type { ImportedRun } from '../../../schema/api/index.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { printJson, printLine } from '../output.ts';
import { importText } from './import.ts';

interface MergeOptions {
  readonly output: string;
  readonly run: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `sel4scope merge A B -o C`: runs of several trace files, or of a data directory, in one new trace file. */
export function mergeCommand(): Command {
  return new Command('merge')
    .description('put the runs of trace files, or of a data directory, into one new trace file')
    .argument('<files...>', 'trace files, or data directories')
    .requiredOption('-o, --output <file>', 'the new trace file (.s4trace unless it has an ending)')
    .option('--run <id>', 'only this run (may be repeated)', (text: string, earlier: readonly string[]) => [...earlier, text], [])
    .option('--force', 'overwrite the new file')
    .option('--json', 'print JSON')
    .addHelpText('after', `
Examples:
  sel4scope merge monday.s4trace tuesday.s4trace -o week.s4trace
  sel4scope merge ~/.local/share/sel4scope --run RUN -o share.s4trace`)
    .action(async (files: string[], options: MergeOptions) => {
      const { importRuns } = await import('../../store/import-runs.ts');
      const { finish } = await import('../../store/maintenance-jobs.ts');
      const { refuseTaken, traceFileName, writeTraceFile } = await import('../../store/trace-file.ts');
      const { TraceStore } = await import('../../store/trace-store.ts');
      const { openChecked } = await import('../trace-sources.ts');
      const output = traceFileName(options.output);
      refuseTaken(output, options.force === true);
      const folder = await mkdtemp(join(tmpdir(), 'sel4scope-merge-'));
      try {
        const done = writeTraceFile(output, (db) => {
          const store = new TraceStore(db);
          const merged: (ImportedRun & { readonly file: string })[] = [];
          for (const file of files) {
            const source = openChecked(file, folder);
            try {
              store.transaction(() => {
                for (const run of finish(importRuns(source, store, idsIn(source, options.run)))) merged.push({ file, ...run });
              });
            } finally {
              source.close();
            }
          }
          const missing = options.run.find((id) => !merged.some(({ run }) => run === id));
          if (missing !== undefined) throw new CommandError(EXIT.unreadable, `there is no run ${missing} in ${files.join(', ')}`);
          return merged;
        });
        if (options.json === true) return printJson({ file: output, runs: done });
        for (const run of done) printLine(importText(run));
        printLine(`${output}: ${done.filter(({ outcome }) => outcome === 'imported').length} runs`);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}

/** Those of the wanted runs that a source has; undefined for all. */
function idsIn(source: Database, wanted: readonly string[]): string[] | undefined {
  if (wanted.length === 0) return undefined;
  const there = new Set(source.prepare('SELECT name FROM run').pluck().all());
  return wanted.filter((id) => there.has(id));
}
