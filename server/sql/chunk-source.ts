// SPDX-License-Identifier: BSD-2-Clause
/** Chunks of runs by name and sequence numbers, for the virtual tables. */
import type { Database, Statement } from 'better-sqlite3';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { interfacesByName } from '../interfaces.ts';
import { Chunk } from './chunk.ts';

interface NamedRun {
  readonly key: number;
  readonly interfaces: InterfaceModel;
  names: ReadonlyMap<number, string> | undefined;
}

interface ChunkRow {
  readonly firstSeq: number;
  readonly count: number;
  readonly body: Buffer;
}

/**
 * Reads each chunk by a statement of its own: a table whose rows are not read to the end must not leave a statement open,
 * which would keep the write-ahead log from being moved.
 */
export class ChunkSource {
  private readonly db: Database;
  private readonly findRun: Statement;
  private readonly nextChunk: Statement;
  private readonly runs = new Map<string, NamedRun | undefined>();
  private last: { readonly run: NamedRun; readonly firstSeq: number; readonly count: number; readonly chunk: Chunk } | undefined;
  private newest: string | undefined;

  /** @param db a connection that nobody else uses: it is asked while another one is at work on a query */
  constructor(db: Database) {
    this.db = db;
    this.findRun = db.prepare('SELECT id AS key, configuration FROM run WHERE name = ?');
    this.nextChunk = db.prepare(`SELECT first_seq AS firstSeq, count, body FROM chunk
      WHERE run = :run AND first_seq >= coalesce((SELECT max(first_seq) FROM chunk WHERE run = :run AND first_seq <= :seq), 0) ORDER BY first_seq LIMIT 1`);
  }

  /** Forgets what can change between two queries. @param newest run that goes by the name `latest` */
  begin(newest: string | undefined): void {
    this.runs.clear();
    this.last = undefined;
    this.newest = newest;
  }

  /** Chunks of a run that have records `first` to `last`; none for a run that there is not. */
  *chunks(name: string, first: number, last: number): Generator<Chunk> {
    const run = this.run(name);
    if (run === undefined) return;
    for (let seq = first; seq <= last;) {
      const found = this.chunkAt(run, seq);
      if (found === undefined || found.firstSeq > last) return;
      seq = found.firstSeq + found.count;
      yield found.chunk;
    }
  }

  /** The chunk with record `seq`, or the first after it. */
  private chunkAt(run: NamedRun, seq: number): NonNullable<typeof this.last> | undefined {
    const { last } = this;
    if (last !== undefined && last.run === run && seq >= last.firstSeq && seq < last.firstSeq + last.count) return last;
    const row = this.nextChunk.get({ run: run.key, seq }) as ChunkRow | undefined;
    if (row === undefined) return undefined;
    if (row.firstSeq + row.count <= seq) return undefined;
    return (this.last = { run, firstSeq: row.firstSeq, count: row.count, chunk: new Chunk(row.body, run.interfaces, (id) => this.name(run, id)) });
  }

  private run(name: string): NamedRun | undefined {
    if (!this.runs.has(name)) {
      const row = this.findRun.get(name === 'latest' ? this.newest : name) as { key: number; configuration: string } | undefined;
      this.runs.set(name, row === undefined ? undefined : { key: row.key, interfaces: interfacesByName(row.configuration), names: undefined });
    }
    return this.runs.get(name);
  }

  private name(run: NamedRun, id: number): string | null {
    run.names ??= new Map(this.db.prepare('SELECT id, name FROM subject WHERE run = ?').raw().all(run.key) as [number, string][]);
    return run.names.get(id) || null;
  }
}
