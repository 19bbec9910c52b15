// SPDX-License-Identifier: BSD-2-Clause
import { createReadStream, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Command } from 'commander';
import { TRACE_FILE_TYPE, type ImportedRun, type ImportJob } from '../../../schema/api/index.ts';
import type { ImportProgress } from '../../store/import-runs.ts';
import type { ImportSlice } from '../../store/import-session.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { followJob } from '../follow-job.ts';
import { printJson, printLine } from '../output.ts';
import { progress } from '../progress.ts';
import { dataDirectory, findService, withServiceOptions, type RemoteAccess, type ServiceOptions } from '../service-access.ts';
import { interruption } from '../signals.ts';

interface ImportOptions extends ServiceOptions {
  readonly run: readonly string[];
  readonly json?: boolean;
}

/** What was done with the runs of one file. */
type Imported = ImportedRun & { readonly file: string };

const collect = (text: string, earlier: readonly string[]): string[] => [...earlier, text];

/** `sel4scope import FILE...`: runs of trace files go into the store. */
export function importCommand(): Command {
  return withServiceOptions(new Command('import'))
    .description('copy the runs of trace files into the store; every record is checked again')
    .argument('<files...>', 'trace files, or data directories')
    .option('--run <id>', 'only this run (may be repeated)', collect, [])
    .option('--json', 'print JSON')
    .addHelpText('after', `
Of each file all runs are imported, or after an error none. A run that is there already is passed over when it is the same.`)
    .action(async (files: string[], options: ImportOptions) => {
      const folder = await mkdtemp(join(tmpdir(), 'sel4scope-import-'));
      try {
        const service = await findService(options);
        const done: Imported[] = [];
        for (const file of files) {
          const runs = service === undefined ? await importHere(file, folder, options) : await send(service, file, folder, options.run);
          done.push(...runs.map((run) => ({ file, ...run })));
        }
        if (options.json === true) printJson({ runs: done });
        else for (const run of done) printLine(importText(run));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}

export function importText({ file, run, records, outcome }: Imported): string {
  if (outcome === 'present') return `${file}: run ${run} is there already`;
  if (outcome === 'without-records') return `${file}: run ${run} is left out: its records were dropped where it comes from`;
  return `${file}: run ${run}, ${records} records`;
}

/** Into the data directory, which no service has. */
async function importHere(file: string, folder: string, { data, run }: ImportOptions): Promise<ImportedRun[]> {
  const { openChecked } = await import('../trace-sources.ts');
  const { Administration } = await import('../../store/administration.ts');
  const { importAll } = await import('../../store/import-session.ts');
  const { openWriter } = await import('../../store/open.ts');
  const source = openChecked(file, folder);
  source.close();
  const { db, close } = openWriter(dataDirectory(data));
  const line = progress();
  const interrupt = interruption();
  try {
    const administration = new Administration(db);
    const { records } = administration.beginImport(source.name, run.length === 0 ? undefined : run);
    const slice = async (): Promise<ImportSlice> => {
      // Lets signals come in.
      await setImmediate();
      return administration.importSlice();
    };
    const report = ({ run: at, recordsDone }: ImportProgress): void => line.show(() => `${file}: run ${at}, ${recordsDone} of ${records} records`);
    const { runs } = await importAll({ slice, undo: () => administration.undoImport() }, report, interrupt);
    return runs;
  } catch (error) {
    throw interrupt.aborted ? new CommandError(EXIT.interrupted, `${file}: the import was ended; nothing of the file is kept`) : error;
  } finally {
    line.clear();
    close();
  }
}

async function send(service: RemoteAccess, file: string, folder: string, runs: readonly string[]): Promise<ImportedRun[]> {
  const { wholeFile } = await import('../trace-sources.ts');
  const whole = wholeFile(file, folder);
  try {
    const started = await service.upload<ImportJob>('/api/import', { runs: runs.length === 0 ? undefined : runs.join(',') }, {
      stream: createReadStream(whole), bytes: statSync(whole).size, type: TRACE_FILE_TYPE,
    });
    const { state, error, result } = await followJob(service, started);
    if (result !== null) return result.runs;
    throw new CommandError(state === 'cancelled' ? EXIT.interrupted : EXIT.unreadable, error ?? `the import was ${state}`);
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(error.exitCode === EXIT.usage ? EXIT.unreadable : error.exitCode, `${file}: ${error.message}`, error.hint);
    throw error;
  }
}
