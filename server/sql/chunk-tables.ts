// SPDX-License-Identifier: BSD-2-Clause
/** Virtual tables whose rows are decoded from chunks while SQLite asks for them. */
import type { Database } from 'better-sqlite3';
import type { Chunk } from './chunk.ts';
import { DELIVERY_COLUMNS, RECORD_COLUMNS, TRANSITION_COLUMNS, type ChunkColumn } from './chunk-columns.ts';
import type { ChunkSource } from './chunk-source.ts';

/** A kind of rows that chunks have. */
export interface ChunkTable {
  /** View with all rows. */
  readonly view: string;
  /** Table-valued function with the rows of a range of records: `name(run, first, last)`. */
  readonly range: string;
  readonly about: string;
  readonly columns: readonly ChunkColumn[];
  /** Index of a record's first row in its chunk; for the number of records, the number of rows. */
  readonly rowsFrom: (chunk: Chunk, record: number) => number;
}

export const CHUNK_TABLES: readonly ChunkTable[] = [
  {
    view: 'records', range: 'records_in', about: 'one row a kernel entry and exit',
    columns: RECORD_COLUMNS, rowsFrom: (_chunk, record) => record,
  },
  {
    view: 'deliveries', range: 'deliveries_in', about: 'one row for each thread that a trap gave something to',
    columns: DELIVERY_COLUMNS, rowsFrom: (chunk, record) => chunk.reader.firstDelivery[record]!,
  },
  {
    view: 'transitions', range: 'transitions_in', about: 'one row for each write of a thread\'s state, in the order in which the kernel made them',
    columns: TRANSITION_COLUMNS, rowsFrom: (chunk, record) => chunk.transitions.first[record]!,
  },
];

/** Parameters of the module behind a view, and of a range; SQLite numbers them before the columns. */
const VIEW_PARAMETERS = ['of_run'];
const RANGE_PARAMETERS = ['run', 'first', 'last'];

interface Module {
  readonly name: string;
  readonly table: ChunkTable;
  readonly parameters: readonly string[];
  readonly isRange: boolean;
}

/** Makes the virtual tables known to a connection, and views over them that take part in queries like tables. */
export class ChunkTables {
  private readonly db: Database;
  private readonly source: ChunkSource;
  private readonly modules: readonly Module[];
  /** Which columns of a module the query at hand reads; all of one that is not in it. */
  private used = new Map<Module, ReadonlySet<number>>();
  /** Modules by the address by which SQLite's listing of a program names them. */
  private readonly byAddress = new Map<string, Module>();

  /** Table `run_name (key, name)` must be there: under which names runs go in a query. */
  constructor(db: Database, source: ChunkSource) {
    this.db = db;
    this.source = source;
    this.modules = CHUNK_TABLES.flatMap((table) => [
      { name: `${table.view}_of`, table, parameters: VIEW_PARAMETERS, isRange: false },
      { name: table.range, table, parameters: RANGE_PARAMETERS, isRange: true },
    ]);
    for (const module of this.modules) this.define(module);
    for (const { view, columns } of CHUNK_TABLES) {
      db.exec(`CREATE TEMP VIEW ${view} AS SELECT runs_named.name AS run, ${columns.map(viewColumn).join(', ')}
        FROM run_name AS runs_named JOIN ${view}_of AS rows_of ON rows_of.of_run = runs_named.name`);
    }
    for (const module of this.modules) {
      for (const opened of this.program(`SELECT * FROM ${module.name}`, [])) if (opened.opcode === 'VOpen') this.byAddress.set(String(opened.p4), module);
    }
  }

  /** Looks up which columns a query reads, so that no others are decoded. */
  prepare(sql: string, parameters: readonly unknown[]): void {
    const cursors = new Map<number, Module>();
    const used = new Map<Module, Set<number>>();
    for (const { opcode, p1, p2, p4 } of this.program(sql, parameters)) {
      if (opcode === 'VOpen') {
        const module = this.byAddress.get(String(p4));
        if (module === undefined) continue;
        cursors.set(p1, module);
        if (!used.has(module)) used.set(module, new Set());
      } else if (opcode === 'VColumn') {
        const module = cursors.get(p1);
        if (module !== undefined) used.get(module)!.add(p2 - module.parameters.length);
      }
    }
    this.used = used;
  }

  /** Names that stand behind the views. */
  get hidden(): string[] {
    return this.modules.filter(({ isRange }) => !isRange).map(({ name }) => name);
  }

  private program(sql: string, parameters: readonly unknown[]): { opcode: string; p1: number; p2: number; p4: unknown }[] {
    return this.db.prepare(`EXPLAIN ${sql}`).safeIntegers(false).all(...parameters) as { opcode: string; p1: number; p2: number; p4: unknown }[];
  }

  private define(module: Module): void {
    const { table, isRange } = module;
    const { source } = this;
    const usedColumns = (): number[] => [...this.used.get(module) ?? table.columns.keys()].filter((column) => column >= 0);
    this.db.table(module.name, {
      columns: table.columns.map(({ name }) => name),
      parameters: [...module.parameters],
      safeIntegers: false,
      *rows(run: unknown, first?: unknown, last?: unknown) {
        const [from, to] = isRange ? rangeOf(table, first, last) : [1, Infinity];
        const used = usedColumns();
        const row: unknown[] = table.columns.map(() => null);
        for (const chunk of source.chunks(String(run), from, to)) {
          const { firstSeq, count } = chunk.scan.header;
          const cells = used.map((column) => cellsOf(table.columns[column]!, chunk, isRange));
          const end = table.rowsFrom(chunk, Math.min(count, to - firstSeq + 1));
          for (let i = table.rowsFrom(chunk, Math.max(0, from - firstSeq)); i < end; i++) {
            for (let k = 0; k < used.length; k++) row[used[k]!] = cells[k]!(i);
            yield row;
          }
        }
      },
    });
  }
}

function rangeOf({ range }: ChunkTable, first: unknown, last: unknown): [from: number, to: number] {
  const [from, to] = [first, last ?? first];
  if (typeof from !== 'number' || typeof to !== 'number') {
    throw new RangeError(`${range} takes a run, the sequence number of the first record and, for more than one, that of the last: ${range}('latest', 1, 100)`);
  }
  return [Math.max(1, from), to];
}

/** SQLite takes a JavaScript number for a REAL. A view casts it, which is cheap; a function gives BigInts. */
function cellsOf(column: ChunkColumn, chunk: Chunk, exact: boolean): (row: number) => unknown {
  const cell = chunk.cells(column);
  if (!exact || column.type !== 'INTEGER') return cell;
  return (row) => {
    const value = cell(row);
    return value === null ? null : BigInt(value);
  };
}

function viewColumn({ name, type }: ChunkColumn): string {
  return type === 'INTEGER' ? `CAST(rows_of."${name}" AS INTEGER) AS "${name}"` : `rows_of."${name}" AS "${name}"`;
}
