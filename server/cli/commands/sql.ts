// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { DEFAULT_SQL_ROWS, LATEST_RUN, MOST_SQL_ROWS, type SqlQuery, type SqlResult, type SqlSchema, type SqlValue } from '../../../schema/api/index.ts';
import { SQL_EXAMPLES } from '../../sql/documented.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { bold, dim, note, printJson, printLine, printTable } from '../output.ts';
import { accessService, withServiceOptions, type ServiceAccess, type ServiceOptions } from '../service-access.ts';
import { wholeNumber } from './options.ts';

interface SqlOptions extends ServiceOptions {
  readonly file?: string;
  readonly run: string;
  readonly param: readonly string[];
  readonly limit: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly explain?: boolean;
  readonly schema?: boolean;
}

/** `sel4scope sql [QUERY]`: one SELECT over the documented views. */
export function sqlCommand(): Command {
  return withServiceOptions(new Command('sql'))
    .description('ask in SQL: one SELECT over the views records, deliveries, transitions, anomalies, methods, threads, runs, …')
    .argument('[query]', 'the query; without one it is read from --file or standard input')
    .option('-f, --file <file>', 'read the query from a file')
    .option('--run <id>', 'the run that the query calls :run', LATEST_RUN)
    .option('-p, --param <name=value>', 'value of :name in the query (may be repeated)', (value: string, before: readonly string[]) => [...before, value], [] as readonly string[])
    .option('--limit <rows>', `most rows, up to ${MOST_SQL_ROWS}`, (text) => wholeNumber(text, 1, MOST_SQL_ROWS), DEFAULT_SQL_ROWS)
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV (RFC 4180) with a title line')
    .option('--explain', 'say how SQLite goes about the query instead of running it')
    .option('--schema', 'list the views with their columns')
    .addHelpText('after', `
Examples:
${SQL_EXAMPLES.map((query) => `  sel4scope sql "${query}"`).join('\n')}

Views records, deliveries and transitions are decoded while they are read, about a million rows a second: name a run.
records_in(run, first, last) reads a range of records alone. Words of 64 bits are text, 0x….`)
    .action(async (query: string | undefined, options: SqlOptions) => {
      const asked = options.schema === true ? undefined : queryOf(query, options);
      const service = await accessService(options);
      try {
        if (asked === undefined) await showSchema(service, options);
        else print(await service.send<SqlResult>('POST', '/api/sql', asked), options);
      } finally {
        await service.close();
      }
    });
}

function queryOf(query: string | undefined, options: SqlOptions): SqlQuery {
  if (query !== undefined && options.file !== undefined) throw new CommandError(EXIT.usage, 'a query and --file; give one of them');
  return {
    sql: query ?? readQuery(options.file), run: options.run, limit: options.limit, parameters: parametersOf(options.param),
    ...(options.explain === true ? { explain: true } : {}),
  };
}

function readQuery(file: string | undefined): string {
  if (file === undefined && process.stdin.isTTY) throw new CommandError(EXIT.usage, 'there is no query: give one, or --file, or standard input', 'sel4scope sql --help has examples');
  try {
    return readFileSync(file ?? 0, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.unreadable, `${file ?? 'standard input'} cannot be read: ${(error as Error).message}`);
  }
}

function parametersOf(given: readonly string[]): Record<string, string | number> {
  return Object.fromEntries(given.map((text): [string, string | number] => {
    const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(text);
    if (match === null) throw new CommandError(EXIT.usage, `--param ${text}: write NAME=VALUE`);
    const [, name, value] = match;
    return [name!, /^-?\d{1,15}$/.test(value!) ? Number(value) : value!];
  }));
}

async function showSchema(service: ServiceAccess, options: SqlOptions): Promise<void> {
  const schema = await service.get<SqlSchema>('/api/sql/schema');
  if (options.json === true) return printJson(schema);
  for (const { name, call, about, columns } of schema.tables) {
    printLine(`${bold(call || name)}: ${about}`);
    // A function has the columns of its view.
    if (call === '') for (const column of columns) printLine(`  ${column.name.padEnd(14)} ${column.type.padEnd(7)} ${dim(column.about)}`);
  }
  for (const text of schema.notes) printLine(dim(text));
}

function print(result: SqlResult, options: SqlOptions): void {
  const { columns, rows, truncated } = result;
  if (options.json === true) return printJson(result);
  if (options.csv === true) {
    for (const line of [columns.map(({ name }) => name), ...rows]) process.stdout.write(`${line.map(csvField).join(',')}\r\n`);
  } else {
    printTable(rows, columns.map(({ name }, i) => ({ title: name, text: (row) => cell(row[i]!), right: rows.every((row) => typeof row[i] !== 'string') })));
  }
  if (truncated) note(dim(`there are more rows than these ${rows.length}: raise --limit, or select less`));
}

function cell(value: SqlValue): string {
  return value === null ? '-' : String(value);
}

/** RFC 4180: quoted where a comma, a quote or a line break would be misread. NULL is empty. */
function csvField(value: SqlValue): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
