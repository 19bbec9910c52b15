// SPDX-License-Identifier: BSD-2-Clause
/**
 * Chrome's trace event format (JSON): opens in chrome://tracing, ui.perfetto.dev and Speedscope.
 * Times are µs there, so they are written with three decimals. Process 1 has the kernel entries, process 2 the states.
 */
import { lanesToHex } from '../../schema/abi/word.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { PIECE_BYTES, type Encoder } from './encoder.ts';
import type { KeptAnomaly, RunSource } from './run-source.ts';
import { runTitle, startPairs } from './run-text.ts';
import { Timeline, type Argument, type Counter, type Mark, type Slice, type TimelineWriter } from './timeline.ts';

const ENTRIES = 1;
const STATES = 2;

/** Thread number of the idle thread: trace_processor takes 0 for none, and shows such events on the row of another thread. */
const IDLE_THREAD = 0x7fff_fffe;

export class ChromeEncoder implements Encoder, TimelineWriter {
  private readonly out = new ByteBuffer();
  private readonly timeline: Timeline;
  private begun = false;

  /** @param only the thread whose states are shown, if the records are a selection by thread */
  constructor({ summary, names }: RunSource, only: number | undefined) {
    this.timeline = new Timeline(names, this, only);
    this.out.text(`{"displayTimeUnit":"ns","otherData":${JSON.stringify(Object.fromEntries(startPairs(summary)))},"traceEvents":[\n`);
    this.meta('process_name', ENTRIES, 0, runTitle(summary));
    this.meta('process_name', STATES, 0, 'thread states');
  }

  get full(): boolean {
    return this.out.length >= PIECE_BYTES;
  }

  record(record: TrapRecord, anomalies: readonly KeptAnomaly[]): void {
    this.timeline.record(record, anomalies);
  }

  take(): Uint8Array {
    return this.out.take();
  }

  end(): void {
    this.timeline.end();
    this.out.text('\n]}\n');
  }

  thread(id: number, name: string): void {
    this.meta('thread_name', ENTRIES, id, name);
    this.meta('thread_name', STATES, id, name);
  }

  slice({ thread, category, name, start, end, args, arrows }: Slice): void {
    this.event('X', ENTRIES, thread, category, name, start, `"dur":${micros(end - start)},"args":${json(args)}`);
    for (const arrow of arrows) this.event('s', ENTRIES, thread, 'delivery', 'delivery', start, `"id":${arrow}`);
  }

  mark({ thread, category, name, time, args, arrow }: Mark): void {
    if (arrow === 0) return this.event('i', ENTRIES, thread, category, name, time, `"s":"t","args":${json(args)}`);
    // An arrow ends at a slice only.
    this.event('X', ENTRIES, thread, category, name, time, `"dur":0,"args":${json(args)}`);
    this.event('f', ENTRIES, thread, 'delivery', 'delivery', time, `"bp":"e","id":${arrow}`);
  }

  stateBegins(): void {
    // A slice is written with its duration.
  }

  stateEnds(thread: number, state: string, since: number, time: number): void {
    this.event('X', STATES, thread, 'state', state, since, `"dur":${micros(time - since)}`);
  }

  counter(thread: number, counter: Counter, time: number, value: number): void {
    this.event('C', ENTRIES, thread, 'counter', counter, time, `"id":${thread},"args":{"ns":${value}}`);
  }

  private meta(what: string, process: number, thread: number, name: string): void {
    this.line(`{"ph":"M","pid":${process},"tid":${threadNumber(thread)},"name":"${what}","args":{"name":${JSON.stringify(name)}}}`);
  }

  private event(phase: string, process: number, thread: number, category: string, name: string, time: number, rest: string): void {
    this.line(`{"ph":"${phase}","pid":${process},"tid":${threadNumber(thread)},"cat":"${category}","name":${JSON.stringify(name)},"ts":${micros(time)},${rest}}`);
  }

  private line(text: string): void {
    if (this.begun) this.out.text(',\n');
    this.begun = true;
    this.out.text(text);
  }
}

function threadNumber(thread: number): number {
  return thread === 0 ? IDLE_THREAD : thread;
}

/** Nanoseconds as a decimal number of µs, exactly. */
export function micros(ns: number): string {
  const rest = ns % 1000;
  return rest === 0 ? String(ns / 1000) : `${(ns - rest) / 1000}.${String(rest).padStart(3, '0')}`;
}

function json(args: readonly Argument[]): string {
  return `{${args.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(plain(value))}`).join(',')}}`;
}

function plain(value: Argument[1]): number | string {
  if (typeof value === 'number' || typeof value === 'string') return value;
  return 'detail' in value ? value.detail : lanesToHex(value.lo, value.hi);
}
