// SPDX-License-Identifier: BSD-2-Clause
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { EXPORT_FILE_FORMATS, EXPORT_TABLES, LATEST_RUN, type ExportFileFormat, type ExportTable, type ThreadList } from '../../../schema/api/index.ts';
import { RequestError } from '../../errors.ts';
import { exportCtf, METADATA_FILE, STREAM_FILE } from '../../export/ctf/ctf.ts';
import { exportRun, fileName } from '../../export/export-run.ts';
import { asReadError, openForExport } from '../../export/open-source.ts';
import { OutputDirectory, OutputError } from '../../export/output.ts';
import { RunSource } from '../../export/run-source.ts';
import type { Selection } from '../../export/selection.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { keep, openSink, type Progressing } from '../export-sink.ts';
import { accessService, download, localDirectory, withServiceOptions, type ServiceOptions } from '../service-access.ts';
import { interruption } from '../signals.ts';
import { parseNatural, parsePositive } from './options.ts';

interface ExportOptions extends ServiceOptions {
  readonly format: ExportFileFormat | 'ctf';
  readonly output?: string;
  readonly table?: ExportTable;
  readonly from?: number;
  readonly to?: number;
  readonly fromTime?: number;
  readonly toTime?: number;
  readonly thread?: string;
  readonly force?: boolean;
}

/** `sel4scope export [RUN]`: the trace of a run in a format of other tools. */
export function exportCommand(): Command {
  return withServiceOptions(new Command('export'))
    .description('write the trace of a run for other tools: Perfetto, Chrome, Trace Compass, spreadsheets, data frames')
    .argument('[run]', 'run id', LATEST_RUN)
    .addOption(new Option('--format <format>', 'perfetto, chrome, ctf (a directory), csv, jsonl or parquet').choices([...EXPORT_FILE_FORMATS, 'ctf']).makeOptionMandatory())
    .option('-o, --output <path>', 'file, or directory of ctf; - for standard output (default: a name made of the run id)')
    .addOption(new Option('--table <table>', 'rows of csv and parquet: records unless given').choices([...EXPORT_TABLES]))
    .option('--from <seq>', 'first sequence number', parsePositive)
    .option('--to <seq>', 'last sequence number', parsePositive)
    .option('--from-time <ns>', 'entered at this virtual time or later, ns', parseNatural)
    .option('--to-time <ns>', 'entered at this virtual time or before, ns', parseNatural)
    .option('--thread <thread>', 'records that a thread made, that gave it something, or that changed its state: id or name')
    .option('--force', 'replace what is there')
    .addHelpText('after', `
perfetto opens in https://ui.perfetto.dev, chrome there and in chrome://tracing, ctf in Trace Compass and babeltrace2.
What is written appears when it is complete, and not at all when it fails.

Examples:
  sel4scope export --format perfetto                     the last run
  sel4scope export 5f3c… --format ctf -o trace
  sel4scope export --format csv -o - --table deliveries | xsv table`)
    .action(async (run: string, options: ExportOptions) => {
      const signal = interruption();
      try {
        if (options.server === undefined) await exportHere(run, options, signal);
        else await exportFromService(run, options, options.server, signal);
      } catch (error) {
        throw asExportError(error);
      }
    });
}

/** Reads the store itself. */
async function exportHere(run: string, options: ExportOptions, signal: AbortSignal): Promise<void> {
  const location = await localDirectory(options.data);
  const db = openForExport(location);
  try {
    const source = new RunSource(db, run);
    const { summary, names } = source;
    const selection = selectionOf(options, names.threads());
    const last = Math.min(selection.to ?? Infinity, summary.records);
    const progressing: Progressing = { of: last, signal };
    const { format } = options;
    if (format === 'ctf') return await writeCtf(source, selection, options, progressing);
    const pieces = exportRun(source, { format, table: options.table, selection });
    await keep(openSink(options.output ?? fileName(summary.run, { format, table: options.table }), options.force === true), pieces, progressing);
  } catch (error) {
    throw asReadError(error, location);
  } finally {
    db.close();
  }
}

async function writeCtf(source: RunSource, selection: Selection, options: ExportOptions, progressing: Progressing): Promise<void> {
  if (options.table !== undefined) throw new CommandError(EXIT.usage, '--table is for csv and parquet; a CTF trace has records with all that belongs to them');
  if (options.output === '-') throw new CommandError(EXIT.usage, 'a CTF trace is a directory, and cannot go to standard output', 'name the directory with -o');
  const path = resolve(options.output ?? `${source.summary.run.replaceAll(':', '-')}.ctf`);
  const { metadata, stream } = exportCtf(source, selection);
  const directory = new OutputDirectory(path, [METADATA_FILE, STREAM_FILE], options.force === true);
  try {
    directory.file(METADATA_FILE).write(Buffer.from(metadata));
    const records = directory.file(STREAM_FILE);
    await keep({ name: path, write: async (bytes) => records.write(bytes), commit: () => directory.commit(), discard: () => directory.discard() }, stream, progressing);
  } catch (error) {
    directory.discard();
    throw error;
  }
}

/** Lets a running service do the work. */
async function exportFromService(run: string, options: ExportOptions, server: string, signal: AbortSignal): Promise<void> {
  const { format, table, output, force } = options;
  if (format === 'ctf') throw new CommandError(EXIT.usage, 'a CTF trace is a directory, which a service cannot send', 'name the directory of the traces with --data instead of --server');
  const service = await accessService(options);
  try {
    const { summary } = await service.get<{ summary: { run: string; records: number } }>(`/api/runs/${run}`);
    const { threads } = options.thread === undefined ? { threads: [] } : await service.get<ThreadList>(`/api/runs/${run}/threads`);
    const bytes = await download({ ...options, server }, `/api/runs/${summary.run}/export`, { format, table, ...selectionOf(options, threads) });
    await keep(openSink(output ?? fileName(summary.run, { format, table }), force === true), pieces(bytes), { of: undefined, signal });
  } finally {
    await service.close();
  }
}

async function* pieces(all: AsyncIterable<Uint8Array>): AsyncGenerator<{ bytes: Uint8Array; seq: number }> {
  for await (const bytes of all) yield { bytes, seq: 0 };
}

function selectionOf({ from, to, fromTime, toTime, thread }: ExportOptions, threads: readonly { readonly id: number; readonly name: string }[]): Selection {
  return { from, to, fromTime, toTime, thread: thread === undefined ? undefined : threadId(thread, threads) };
}

function threadId(text: string, threads: readonly { readonly id: number; readonly name: string }[]): number {
  const id = /^\d{1,9}$/.test(text) ? Number(text) : threads.find(({ name }) => name === text)?.id;
  if (id !== undefined) return id;
  const known = threads.map(({ name }) => name).filter((name) => name !== '').slice(0, 20).join(', ');
  throw new CommandError(EXIT.usage, `the run has no thread named ${JSON.stringify(text)}`, known === '' ? 'none of its threads has a name: give an id' : `it has ${known}`);
}

function asExportError(error: unknown): unknown {
  if (error instanceof RequestError) return new CommandError(error.fault === 'bad-request' ? EXIT.usage : EXIT.unreadable, error.message, error.hint);
  if (!(error instanceof OutputError)) return error;
  if (error.fault === 'exists') return new CommandError(EXIT.usage, error.message, '--force replaces it, or choose another name with -o');
  if (error.fault === 'full') return new CommandError(EXIT.unreadable, error.message, 'free some space, or choose another place with -o');
  return new CommandError(EXIT.usage, error.message, 'choose another place with -o');
}
