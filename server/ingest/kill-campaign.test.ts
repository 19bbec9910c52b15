// SPDX-License-Identifier: BSD-2-Clause
/**
 * Service and producers that are killed (SIGKILL) at random moments: nothing acknowledged is lost, nothing is there twice, and the
 * file is whole each time. `SEL4SCOPE_KILLS` is how many, 8 unless set; `SEL4SCOPE_KILL_SEED` chooses the moments.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { BatchReader } from '../../schema/trace/batch.ts';
import { SyntheticTrace } from '../../schema/trace/synthetic-trace.ts';
import { seeded } from '../../schema/trace/testing/seeded.ts';
import { TrapRecord } from '../../schema/trace/trap-record.ts';
import { packageFile } from '../package-paths.ts';
import { openReader } from '../store/open.ts';
import { freePort } from '../testing/free-port.ts';

const KILLS = Number(process.env['SEL4SCOPE_KILLS'] ?? 8);
const KILLS_PER_STORE = 25;
/** Longest time that a process lives, ms. */
const LONGEST_LIFE = 700;
/** More than a window of the producer's largest batches: what a killed producer had sent may still arrive. */
const STILL_UNDER_WAY = 20_000;
/** Far more than can be sent before the last kill. */
const ENDLESS = 100_000_000;
const RUN = 'run';

const SERVER = `
  import(process.argv[1])
    .then(({ createService }) => createService({ dataDirectory: process.argv[2] }))
    .then((service) => service.listen({ port: Number(process.argv[3]) }))
    .then(() => console.log('listening'));
`;

const started = new Set<ChildProcess>();
afterEach(() => { for (const child of started) child.kill('SIGKILL'); });

/** A process and what it says, line by line. */
function start(args: readonly string[], line: (text: string) => void): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  createInterface({ input: child.stdout! }).on('line', line);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'close');
  child.kill('SIGKILL');
  await exit;
}

/** One store with one run, its service and its producer. */
class Store {
  readonly directory = mkdtempSync(join(tmpdir(), 'sel4scope-kills-'));
  readonly seed: number;
  private readonly port: number;
  acknowledged = 0;
  done = false;

  constructor(port: number, seed: number) {
    this.port = port;
    this.seed = seed;
  }

  /** Resolves when it listens, or when it was killed before. */
  async service(): Promise<ChildProcess> {
    const child = start(['-e', SERVER, packageFile('dist/server/index.js').href, this.directory, String(this.port)], () => child.emit('listening'));
    await Promise.race([once(child, 'listening'), once(child, 'exit')]);
    return child;
  }

  producer(last: number): ChildProcess {
    const script = fileURLToPath(new URL('../testing/resuming-producer.mjs', import.meta.url));
    return start([script, packageFile('dist/').href, `ws://127.0.0.1:${this.port}/ingest`, RUN, String(this.seed), String(last)], (line) => {
      if (line === 'done') this.done = true;
      else this.acknowledged = Math.max(this.acknowledged, Number(line.split(' ')[1]));
    });
  }

  /** The file is whole and has all that was acknowledged; returns its last record. */
  check(): number {
    const db = openReader(this.directory);
    try {
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      const records = (db.prepare('SELECT records FROM run').pluck().get() ?? 0) as number;
      expect(records).toBeGreaterThanOrEqual(this.acknowledged);
      let next = 1;
      for (const [firstSeq, count] of db.prepare('SELECT first_seq, count FROM chunk ORDER BY first_seq').raw().iterate() as IterableIterator<[number, number]>) {
        expect(firstSeq).toBe(next);
        next += count;
      }
      expect(next - 1).toBe(records);
      const counted = db.prepare('SELECT coalesce(sum(records), 0) FROM method_count').pluck().get();
      const keyed = db.prepare('SELECT coalesce(sum(records), 0) FROM chunk_key WHERE kind = 3').pluck().get();
      expect([counted, keyed]).toEqual([records, records]);
      return records;
    } finally {
      db.close();
    }
  }

  /** Every record is the one that was sent. */
  compare(last: number): void {
    const db = openReader(this.directory);
    const trace = new SyntheticTrace(last, this.seed);
    const record = new TrapRecord();
    for (const body of db.prepare('SELECT body FROM chunk ORDER BY first_seq').pluck().iterate() as IterableIterator<Buffer>) {
      const reader = new BatchReader(body);
      while (reader.next(record)) {
        const sent = trace.next()!;
        if (record.seq !== sent.seq || record.entryTime !== sent.entryTime || record.thread !== sent.thread || record.tagLo !== sent.tagLo) {
          throw new Error(`record ${record.seq} is not the one that was sent`);
        }
      }
    }
    expect(trace.next()).toBeUndefined();
    expect(db.prepare('SELECT state, records FROM run').get()).toEqual({ state: 'ended', records: last });
    db.close();
  }
}

/** Kills service or producer `kills` times; then lets the run come to its end. Returns how many records it has. */
async function campaign(kills: number, seed: number): Promise<number> {
  const below = seeded(seed);
  const store = new Store(await freePort(), seed);
  try {
    let service = await store.service();
    let producer = store.producer(ENDLESS);
    for (let i = 0; i < kills; i++) {
      await new Promise((resolve) => { setTimeout(resolve, below(LONGEST_LIFE)); });
      if (below(3) === 0) {
        await kill(producer);
        producer = store.producer(ENDLESS);
      } else {
        await kill(service);
        store.check();
        service = await store.service();
      }
    }
    await kill(producer);
    const last = store.check() + STILL_UNDER_WAY;
    await once(store.producer(last), 'close');
    expect(store.done).toBe(true);
    await kill(service);
    expect(store.check()).toBe(last);
    store.compare(last);
    return last;
  } finally {
    rmSync(store.directory, { recursive: true, force: true });
  }
}

it('lose nothing that was acknowledged, and keep nothing twice', async () => {
  const below = seeded(Number(process.env['SEL4SCOPE_KILL_SEED'] ?? 1));
  let records = 0;
  for (let left = KILLS; left > 0; left -= KILLS_PER_STORE) records += await campaign(Math.min(left, KILLS_PER_STORE), below(1 << 30));
  process.stderr.write(`${KILLS} kills, ${records} records kept\n`);
}, 3_600_000);
