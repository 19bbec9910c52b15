// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import type { RecordDetail, RecordPage, RecordRow, ThreadList } from '../../../schema/api/index.ts';
import { ERRORS } from '../../../schema/abi/errors.ts';
import { dim, note, printJson, printLine, printTable, red, virtualTime } from '../output.ts';
import { printRecord } from '../record-text.ts';
import { accessService, withServiceOptions, type ServiceAccess, type ServiceOptions } from '../service-access.ts';
import { parseNatural, parsePositive } from './options.ts';

interface RecordsOptions extends ServiceOptions {
  readonly run: string;
  readonly from?: number;
  readonly to?: number;
  readonly thread?: string;
  readonly method?: string;
  readonly outcome?: string;
  readonly anomalous?: boolean;
  readonly limit: number;
  readonly json?: boolean;
}

/** `sel4scope records [SEQ]`: records of a run as a table, or one in full. */
export function recordsCommand(): Command {
  return withServiceOptions(new Command('records'))
    .description('show records of a run, or one record in full')
    .argument('[seq]', 'sequence number of one record', parsePositive)
    .option('--run <id>', 'run id', 'latest')
    .option('--from <seq>', 'first sequence number', parsePositive)
    .option('--to <seq>', 'last sequence number', parsePositive)
    .option('--thread <thread>', 'invoking thread: id or name')
    .option('--method <method>', 'method id (SchedContextConsumed) or system call name (Yield)')
    .option('--outcome <outcome>', 'completed, replied, error, blocked, faulted, preempted, outOfBudget or stopped')
    .option('--anomalous', 'only records with anomalies')
    .option('--limit <rows>', 'most rows, 0 for all', parseNatural, 100)
    .option('--json', 'print JSON')
    .action(async (seq: number | undefined, options: RecordsOptions) => {
      const service = await accessService(options);
      try {
        if (seq === undefined) await showRecords(service, options);
        else await showRecord(service, options, seq);
      } finally {
        await service.close();
      }
    });
}

async function showRecord(service: ServiceAccess, options: RecordsOptions, seq: number): Promise<void> {
  const record = await service.get<RecordDetail>(`/api/runs/${options.run}/records/${seq}`);
  if (options.json === true) printJson(record);
  else printRecord(record);
}

async function showRecords(service: ServiceAccess, options: RecordsOptions): Promise<void> {
  const { threads } = await service.get<ThreadList>(`/api/runs/${options.run}/threads`);
  const names = new Map(threads.map(({ id, name }) => [id, name === '' ? `thread ${id}` : name]));
  names.set(0, 'idle');
  const thread = threadId(options.thread, names);
  const { rows, more } = await fetchRows(service, options, thread);
  if (options.json === true) return printJson({ run: options.run, rows, more });
  printTable(rows, [
    { title: 'seq', text: (row) => String(row.seq), right: true },
    { title: 'time', text: (row) => virtualTime(row.time), right: true },
    { title: 'thread', text: (row) => names.get(row.thread) ?? `thread ${row.thread}` },
    { title: 'syscall', text: (row) => (row.syscall === '' ? row.cause : row.syscall) },
    { title: 'method', text: (row) => row.method || row.capType || '-' },
    { title: 'outcome', text: (row) => row.outcome },
    { title: 'reply', text: replyText },
    { title: 'anomalies', text: (row) => (row.anomalies === 0 ? '' : red(String(row.anomalies))) },
  ]);
  if (more) note(dim(`more records match: raise --limit (${options.limit}), or go on with --from ${rows[rows.length - 1]!.seq + 1}`));
  if (rows.length === 0) printLine('no record matches');
}

function replyText({ reply }: RecordRow): string {
  if (reply === null) return '';
  const label = reply.label === 0 ? 'ok' : ERRORS[reply.label] ?? `label ${reply.label}`;
  return `${label}, length ${reply.length}`;
}

function threadId(text: string | undefined, names: ReadonlyMap<number, string>): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  // A name that no thread has matches nothing, as an id that no thread has does.
  return [...names].find(([, name]) => name === text)?.[0] ?? 0xffff_ffff;
}

/** Follows pages until the limit is reached. */
async function fetchRows(service: ServiceAccess, options: RecordsOptions, thread: number | undefined): Promise<{ rows: RecordRow[]; more: boolean }> {
  const limit = options.limit === 0 ? Infinity : options.limit;
  const rows: RecordRow[] = [];
  let from: number | null = options.from ?? 1;
  while (from !== null && rows.length < limit) {
    const page: RecordPage = await service.get<RecordPage>(`/api/runs/${options.run}/records`, {
      from, to: options.to, thread, method: options.method, outcome: options.outcome, anomalies: options.anomalous === true ? 'only' : undefined, limit: Math.min(limit - rows.length, 1000),
    });
    rows.push(...page.rows);
    from = page.next;
  }
  return { rows, more: from !== null };
}
