// SPDX-License-Identifier: BSD-2-Clause
/**
 * Records per second from producers over ws into the store; `ingest.js` prints the table. Producers and service are
 * processes of their own, the batches are encoded before the clock starts, and it stops when the last record is
 * committed. Fresh processes for each cell, alternating; medians.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dataFile } from '../server/store/location.ts';
import type { Sent } from './ingest-producer.ts';
import type { ServiceAddresses } from './ingest-service.ts';
import { MeasuredProcess, residentMiB, threadSeconds } from './processes.ts';
import type { TraceName } from './traces.ts';

const ROUNDS = 3;
/** Records of one measurement, over all its producers. */
const COUNT = Number(process.env['BENCH_RECORDS'] ?? 2_000_000);
/** Health requests go out so far apart, ms, whether or not the one before is answered. */
const HEALTH_INTERVAL_MS = 10;
const MEMORY_INTERVAL_MS = 50;

interface Case {
  readonly mode: 'raw' | 'rules';
  readonly trace: TraceName;
  readonly producers: number;
  readonly readers: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  'raw layout, no rules': { mode: 'raw', trace: 'mixed', producers: 1, readers: false },
  'with rules': { mode: 'rules', trace: 'mixed', producers: 1, readers: false },
  'with rules, four producers': { mode: 'rules', trace: 'mixed', producers: 4, readers: false },
  'with rules, queries meanwhile': { mode: 'rules', trace: 'mixed', producers: 1, readers: true },
  'with rules, only invocations': { mode: 'rules', trace: 'invocations', producers: 1, readers: false },
  'with rules, only IPC': { mode: 'rules', trace: 'IPC', producers: 1, readers: false },
  'with rules, anomalies on 1 %': { mode: 'rules', trace: 'anomalies 1 %', producers: 1, readers: false },
  'with rules, anomalies on 16 %': { mode: 'rules', trace: 'anomalies 16 %', producers: 1, readers: false },
};

interface Figures {
  /** Records per second of wall time. */
  readonly rate: number;
  /** CPU time per record, µs: of the service's main thread, of its ingest worker, and of all its other threads. */
  readonly main: number;
  readonly worker: number;
  readonly others: number;
  /** On disk, per record, indices and anomalies included. */
  readonly bytes: number;
  /** 99th percentile of a health request, ms. */
  readonly health: number;
  /** Queries answered meanwhile. */
  readonly queries: number;
  /** Resident memory of the service, MiB: when half of the time is over, and the most. */
  readonly memoryHalf: number;
  readonly memoryMost: number;
}

async function measure({ mode, trace, producers: producerCount, readers }: Case): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'sel4scope-bench-'));
  const service = new MeasuredProcess('ingest-service.js', mode, directory);
  const producers: MeasuredProcess[] = [];
  try {
    const { url, ingestUrl } = await service.next<ServiceAddresses>();
    let all = 0;
    // One after the other: making four traces at a time would take the memory of all.
    for (let i = 0; i < producerCount; i++) {
      const producer = new MeasuredProcess('ingest-producer.js', ingestUrl, trace, String(Math.ceil(COUNT / producerCount)));
      producers.push(producer);
      all += (await producer.next<Sent>()).records;
    }
    const health = await HealthWatch.start(`${url}/api/status`);
    const before = threadSeconds(service.pid);
    const memory = new MemoryWatch(service.pid);
    const queries = readers ? new Queries(url) : undefined;
    for (const producer of producers) producer.go();
    const sent = await Promise.all(producers.map((producer) => producer.next<Sent>()));
    const cpu = threadsSince(before, service.pid);
    const figures = { health: await health.stop(), queries: await queries?.stop() ?? 0, ...memory.stop() };
    const records = sent.reduce((sum, one) => sum + one.records, 0);
    await Promise.all(producers.map((producer) => producer.ended()));
    service.go();
    await service.ended();
    const perRecord = (seconds: number): number => (1e6 * seconds) / records;
    return {
      rate: records / Math.max(...sent.map(({ seconds }) => seconds)),
      main: perRecord(cpu.main), worker: perRecord(cpu.worker), others: perRecord(cpu.others),
      bytes: statSync(dataFile(directory)).size / (all + records),
      ...figures,
    };
  } finally {
    for (const process of [service, ...producers]) process.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** CPU seconds since `before`. The ingest worker is the thread that did most, next to the main thread. */
function threadsSince(before: Map<number, number>, pid: number): { main: number; worker: number; others: number } {
  const used = [...threadSeconds(pid)].map(([thread, seconds]) => ({ thread, seconds: seconds - (before.get(thread) ?? 0) }));
  const main = used.find(({ thread }) => thread === pid)?.seconds ?? 0;
  const rest = used.filter(({ thread }) => thread !== pid).map(({ seconds }) => seconds).sort((a, b) => b - a);
  return { main, worker: rest[0] ?? 0, others: rest.slice(1).reduce((sum, seconds) => sum + seconds, 0) };
}

/** Resolves with the milliseconds that a request took. */
function request(url: string, agent: Agent): Promise<number> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - begin);
        else reject(new Error(`${url} was answered with ${response.statusCode}`));
      });
    }).on('error', reject);
  });
}

class HealthWatch {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly asked: Promise<number>[] = [];
  private readonly timer: NodeJS.Timeout;

  private constructor(url: string) {
    this.timer = setInterval(() => { this.asked.push(request(url, this.agent)); }, HEALTH_INTERVAL_MS);
  }

  /** Begins when a first request is answered: the query worker starts with it. */
  static async start(url: string): Promise<HealthWatch> {
    const agent = new Agent();
    await request(url, agent);
    agent.destroy();
    return new HealthWatch(url);
  }

  /** The 99th percentile, ms. */
  async stop(): Promise<number> {
    clearInterval(this.timer);
    const times = (await Promise.all(this.asked)).sort((a, b) => a - b);
    this.agent.destroy();
    return times[Math.floor(0.99 * times.length)] ?? 0;
  }
}

class MemoryWatch {
  private readonly samples: number[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.timer = setInterval(() => { this.samples.push(residentMiB(pid)); }, MEMORY_INTERVAL_MS);
  }

  stop(): { memoryHalf: number; memoryMost: number } {
    clearInterval(this.timer);
    return { memoryHalf: this.samples[Math.floor(this.samples.length / 2)] ?? 0, memoryMost: Math.max(0, ...this.samples) };
  }
}

/** Asks the newest run one question after the other, in a loop. */
class Queries {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly done: Promise<number>;
  private stopping = false;

  constructor(url: string) {
    this.done = this.ask(`${url}/api/runs/latest`);
  }

  /** How many questions were answered. */
  stop(): Promise<number> {
    this.stopping = true;
    return this.done;
  }

  private async ask(run: string): Promise<number> {
    const questions = ['/records?from=50000&limit=1000', '/records?thread=1&fromTime=1000000000&toTime=1010000000&limit=1000', '', '/records?anomalies=only&limit=100'];
    let answered = 0;
    for (; !this.stopping; answered++) await request(run + questions[answered % questions.length]!, this.agent);
    this.agent.destroy();
    return answered;
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Prints a row for each case: medians of fresh processes that alternate. */
export async function printIngest(): Promise<void> {
  process.stdout.write(`\ningest: ${COUNT} records a measurement, median of ${ROUNDS}; CPU in µs a record, memory of the service in MiB at half time and at most\n\n`);
  process.stdout.write('| case | records/s | of raw | main thread | ingest worker | other threads | B a record | health p99 | queries | memory |\n|---|---|---|---|---|---|---|---|---|---|\n');
  const names = Object.keys(CASES);
  const measured = new Map<string, Figures[]>(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) for (const name of names) measured.get(name)!.push(await measure(CASES[name]!));
  const middle = (name: string, figure: keyof Figures): number => median(measured.get(name)!.map((figures) => figures[figure]));
  for (const name of names) {
    const f = (figure: keyof Figures, digits = 0): string => middle(name, figure).toFixed(digits);
    process.stdout.write(`| ${name} | ${(middle(name, 'rate') / 1e6).toFixed(2)} M | ${(middle(name, 'rate') / middle(names[0]!, 'rate')).toFixed(2)} | ${f('main', 2)} | ${f('worker', 2)} | ${f('others', 2)} `
      + `| ${f('bytes', 1)} | ${f('health', 1)} ms | ${f('queries')} | ${f('memoryHalf')}, ${f('memoryMost')} |\n`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await printIngest();
