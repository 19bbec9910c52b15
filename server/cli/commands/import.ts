// SPDX-License-Identifier: BSD-2-Clause
import { createReadStream, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { ImportedRun, ImportResult } from '../../../schema/api/index.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { note, printJson, printLine } from '../output.ts';
import { dataDirectory, findService, withServiceOptions, type RemoteAccess, type ServiceOptions } from '../service-access.ts';

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
  const { importRuns } = await import('../../store/import-runs.ts');
  const { openWriter } = await import('../../store/open.ts');
  const { TraceStore } = await import('../../store/trace-store.ts');
  const source = openChecked(file, folder);
  try {
    const { db, close } = openWriter(dataDirectory(data));
    try {
      const store = new TraceStore(db);
      let imported: ImportedRun[] = [];
      store.transaction(() => {
        imported = importRuns(source, store, run.length === 0 ? undefined : run, (each) => { if (process.stderr.isTTY) note(`${file}: ${each.run}`); });
      });
      return imported;
    } finally {
      close();
    }
  } finally {
    source.close();
  }
}

async function send(service: RemoteAccess, file: string, folder: string, runs: readonly string[]): Promise<ImportedRun[]> {
  const { wholeFile } = await import('../trace-sources.ts');
  const { TRACE_FILE_TYPE } = await import('../../routes/administration.ts');
  const whole = wholeFile(file, folder);
  try {
    const { runs: imported } = await service.upload<ImportResult>('/api/import', { runs: runs.length === 0 ? undefined : runs.join(',') }, {
      stream: createReadStream(whole), bytes: statSync(whole).size, type: TRACE_FILE_TYPE,
    });
    return imported;
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(error.exitCode === EXIT.usage ? EXIT.unreadable : error.exitCode, `${file}: ${error.message}`, error.hint);
    throw error;
  }
}
