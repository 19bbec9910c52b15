// SPDX-License-Identifier: BSD-2-Clause
/** Perfetto's protobuf trace; opens in ui.perfetto.dev and trace_processor. */
import type { TrapRecord } from '../../../schema/trace/trap-record.ts';
import { PIECE_BYTES, type Encoder } from '../encoder.ts';
import type { KeptAnomaly, RunSource } from '../run-source.ts';
import { runTitle, startPairs } from '../run-text.ts';
import { COUNTERS, Timeline, type Argument, type Counter, type Mark, type Slice, type TimelineWriter } from '../timeline.ts';
import { ANNOTATION, COUNTER, EVENT, EVENT_TYPE, INTERNED, PACKET, PROCESS, SEQUENCE, TASK, TASK_STATE, THREAD, TRACE, TRACK, UNIT } from './fields.ts';
import { Interning } from './interning.ts';
import { ProtoMessage } from './proto-writer.ts';
import { Scheduling, type TaskState } from './scheduling.ts';

const SEQUENCE_ID = 1;
const RUN_TRACK = 1;
const PID = 1;
const CPU = 0;

/** Tracks of a thread: its kernel entries, and these many after it, its states and its counters. */
const trackOf = (thread: number): number => 8 * (thread + 1);
const STATES = 1;
const FIRST_COUNTER = 2;

export class PerfettoEncoder implements Encoder, TimelineWriter {
  private readonly trace = new ProtoMessage();
  private readonly packet = new ProtoMessage();
  private readonly event = new ProtoMessage();
  private readonly annotation = new ProtoMessage();
  private readonly announced = new ProtoMessage();
  private readonly inner = new ProtoMessage();
  private readonly categories = new Interning(INTERNED.eventCategories);
  private readonly eventNames = new Interning(INTERNED.eventNames);
  private readonly argumentNames = new Interning(INTERNED.debugAnnotationNames);
  private readonly strings = new Interning(INTERNED.debugAnnotationStringValues);
  private readonly timeline: Timeline;
  /** Undefined for the records of one thread: they do not tell who has the processor between them. */
  private readonly scheduling: Scheduling | undefined;
  private readonly source: RunSource;
  private begun = false;
  private firstPacket = true;

  /** @param only the thread whose states are shown, if the records are a selection by thread */
  constructor(source: RunSource, only: number | undefined) {
    this.source = source;
    this.timeline = new Timeline(source.names, this, only);
    if (only === undefined) this.scheduling = new Scheduling((thread, state, time) => { this.taskState(thread, state, time); });
    this.describeRun();
  }

  get full(): boolean {
    return this.trace.bytes.length >= PIECE_BYTES;
  }

  record(record: TrapRecord, anomalies: readonly KeptAnomaly[]): void {
    if (!this.begun) this.describeStart(record.entryTime);
    this.scheduling?.enter(record);
    this.timeline.record(record, anomalies);
    this.scheduling?.leave(record);
  }

  take(): Uint8Array {
    return this.trace.bytes.take();
  }

  end(): void {
    this.timeline.end();
    this.scheduling?.end();
  }

  thread(id: number, name: string): void {
    const track = trackOf(id);
    if (id === 0) {
      // Readers take thread number 0 for one of their own, so the idle thread is a track without a number.
      this.descriptor(track, (message) => {
        message.text(TRACK.name, name);
        message.uint(TRACK.parentUuid, RUN_TRACK);
      });
    } else {
      this.descriptor(track, (message) => {
        this.inner.uint(THREAD.pid, PID);
        this.inner.uint(THREAD.tid, id);
        this.inner.text(THREAD.threadName, name);
        message.message(TRACK.thread, this.inner);
      });
    }
    this.descriptor(track + STATES, (message) => {
      message.text(TRACK.name, `${name}: state`);
      message.uint(TRACK.parentUuid, track);
    });
    if (this.source.names.scheduling !== 'mcs') return;
    COUNTERS.forEach((counter, i) => this.descriptor(track + FIRST_COUNTER + i, (message) => {
      message.text(TRACK.name, `${name}: ${counter}`);
      message.uint(TRACK.parentUuid, track);
      this.inner.uint(COUNTER.unit, UNIT.timeNs);
      message.message(TRACK.counter, this.inner);
    }));
  }

  slice({ thread, category, name, start, end, args, arrows }: Slice): void {
    this.open(EVENT_TYPE.sliceBegin, trackOf(thread), category, name);
    this.annotate(args);
    for (const arrow of arrows) this.event.fixed(EVENT.flowIds, arrow);
    this.close(start);
    this.open(EVENT_TYPE.sliceEnd, trackOf(thread));
    this.close(end);
  }

  mark({ thread, category, name, time, args, arrow }: Mark): void {
    this.open(EVENT_TYPE.instant, trackOf(thread), category, name);
    this.annotate(args);
    if (arrow !== 0) this.event.fixed(EVENT.terminatingFlowIds, arrow);
    this.close(time);
  }

  stateBegins(thread: number, state: string, time: number): void {
    this.open(EVENT_TYPE.sliceBegin, trackOf(thread) + STATES, 'state', state);
    this.close(time);
  }

  stateEnds(thread: number, _state: string, _since: number, time: number): void {
    this.open(EVENT_TYPE.sliceEnd, trackOf(thread) + STATES);
    this.close(time);
  }

  counter(thread: number, counter: Counter, time: number, value: number): void {
    this.open(EVENT_TYPE.counter, trackOf(thread) + FIRST_COUNTER + COUNTERS.indexOf(counter));
    this.event.uint(EVENT.counterValue, value);
    this.close(time);
  }

  private taskState(thread: number, state: TaskState, time: number): void {
    if (state === TASK_STATE.running) this.event.uint(TASK.cpu, CPU);
    this.event.uint(TASK.tid, thread);
    this.event.uint(TASK.state, state);
    this.packet.uint(PACKET.timestamp, time);
    this.packet.message(PACKET.genericKernelTaskStateEvent, this.event);
    this.writePacket();
  }

  private describeRun(): void {
    const { summary } = this.source;
    this.descriptor(RUN_TRACK, (message) => {
      this.inner.uint(PROCESS.pid, PID);
      this.inner.text(PROCESS.cmdline, summary.program);
      this.inner.text(PROCESS.processName, runTitle(summary));
      message.message(TRACK.process, this.inner);
    });
  }

  /** A mark at the first record that says what is known of the run. */
  private describeStart(time: number): void {
    this.begun = true;
    this.open(EVENT_TYPE.instant, RUN_TRACK, 'run', 'run');
    this.annotate(startPairs(this.source.summary).map(([name, detail]): Argument => [name, { detail }]));
    this.close(time);
  }

  private descriptor(uuid: number, fill: (message: ProtoMessage) => void): void {
    this.event.uint(TRACK.uuid, uuid);
    fill(this.event);
    this.packet.message(PACKET.trackDescriptor, this.event);
    this.writePacket();
  }

  private open(type: number, track: number, category?: string, name?: string): void {
    this.event.uint(EVENT.type, type);
    this.event.uint(EVENT.trackUuid, track);
    if (category !== undefined) this.event.uint(EVENT.categoryIids, this.categories.of(category, this.announced));
    if (name !== undefined) this.event.uint(EVENT.nameIid, this.eventNames.of(name, this.announced));
  }

  private annotate(args: readonly Argument[]): void {
    for (const [name, value] of args) {
      this.annotation.uint(ANNOTATION.nameIid, this.argumentNames.of(name, this.announced));
      if (typeof value === 'number') this.annotation.uint(ANNOTATION.uintValue, value);
      else if (typeof value === 'string') this.annotation.uint(ANNOTATION.stringValueIid, this.strings.of(value, this.announced));
      else if ('detail' in value) this.annotation.text(ANNOTATION.stringValue, value.detail);
      else this.annotation.word(ANNOTATION.pointerValue, value.lo, value.hi);
      this.event.message(EVENT.debugAnnotations, this.annotation);
    }
  }

  private close(time: number): void {
    this.packet.uint(PACKET.timestamp, time);
    if (this.announced.bytes.length > 0) this.packet.message(PACKET.internedData, this.announced);
    this.packet.message(PACKET.trackEvent, this.event);
    this.writePacket();
  }

  private writePacket(): void {
    this.packet.uint(PACKET.trustedPacketSequenceId, SEQUENCE_ID);
    this.packet.uint(PACKET.sequenceFlags, this.firstPacket ? SEQUENCE.incrementalStateCleared : SEQUENCE.needsIncrementalState);
    this.firstPacket = false;
    this.trace.message(TRACE.packet, this.packet);
  }
}
