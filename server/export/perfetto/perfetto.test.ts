// SPDX-License-Identifier: BSD-2-Clause
/** What is written is read back with the messages of Perfetto's public schema, which are written down here a second time. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { STATE } from '../../../schema/abi/thread-state.ts';
import { lanesToBigInt } from '../../../schema/abi/word.ts';
import { DELIVERY, OUTCOMES, TRANSITION_FLAG, TrapRecord } from '../../../schema/trace/trap-record.ts';
import { ALICE, BOB, lateReplyRecord, sampleRecord } from '../../testing/sample-records.ts';
import type { Selection } from '../selection.ts';
import { exported, randomRecords, storedRun, type SampleOptions } from '../testing/stored-run.ts';
import * as fields from './fields.ts';

const SCHEMA = `syntax = "proto2";
message Trace { repeated TracePacket packet = 1; }
message TracePacket {
  optional uint64 timestamp = 8;
  oneof optional_trusted_packet_sequence_id { uint32 trusted_packet_sequence_id = 10; }
  oneof data { TrackEvent track_event = 11; TrackDescriptor track_descriptor = 60; GenericKernelTaskStateEvent generic_kernel_task_state_event = 117; }
  optional InternedData interned_data = 12;
  optional uint32 sequence_flags = 13;
}
message TrackDescriptor {
  optional uint64 uuid = 1; optional uint64 parent_uuid = 5; optional string name = 2;
  optional ProcessDescriptor process = 3; optional ThreadDescriptor thread = 4; optional CounterDescriptor counter = 8;
}
message ProcessDescriptor { optional int32 pid = 1; repeated string cmdline = 2; optional string process_name = 6; }
message ThreadDescriptor { optional int32 pid = 1; optional int64 tid = 2; optional string thread_name = 5; }
message CounterDescriptor { enum Unit { UNIT_UNSPECIFIED = 0; UNIT_TIME_NS = 1; UNIT_COUNT = 2; } optional Unit unit = 3; }
message TrackEvent {
  enum Type { TYPE_UNSPECIFIED = 0; TYPE_SLICE_BEGIN = 1; TYPE_SLICE_END = 2; TYPE_INSTANT = 3; TYPE_COUNTER = 4; }
  repeated uint64 category_iids = 3; repeated DebugAnnotation debug_annotations = 4; optional Type type = 9;
  oneof name_field { uint64 name_iid = 10; string name = 23; }
  optional uint64 track_uuid = 11;
  oneof counter_value_field { int64 counter_value = 30; double double_counter_value = 44; }
  repeated fixed64 flow_ids = 47; repeated fixed64 terminating_flow_ids = 48;
}
message GenericKernelTaskStateEvent {
  enum TaskStateEnum {
    TASK_STATE_UNKNOWN = 0; TASK_STATE_CREATED = 1; TASK_STATE_RUNNABLE = 2; TASK_STATE_RUNNING = 3; TASK_STATE_INTERRUPTIBLE_SLEEP = 4;
    TASK_STATE_UNINTERRUPTIBLE_SLEEP = 5; TASK_STATE_STOPPED = 6; TASK_STATE_DEAD = 7; TASK_STATE_DESTROYED = 8;
  }
  optional int32 cpu = 1; optional string comm = 2; optional int64 tid = 3; optional TaskStateEnum state = 4; optional int32 prio = 5;
}
message DebugAnnotation {
  oneof name_field { uint64 name_iid = 1; string name = 10; }
  oneof value { bool bool_value = 2; uint64 uint_value = 3; int64 int_value = 4; double double_value = 5; uint64 pointer_value = 7; string string_value = 6; uint64 string_value_iid = 17; }
}
message InternedData {
  repeated EventCategory event_categories = 1; repeated EventName event_names = 2;
  repeated DebugAnnotationName debug_annotation_names = 3; repeated InternedString debug_annotation_string_values = 29;
}
message EventCategory { optional uint64 iid = 1; optional string name = 2; }
message EventName { optional uint64 iid = 1; optional string name = 2; }
message DebugAnnotationName { optional uint64 iid = 1; optional string name = 2; }
message InternedString { optional uint64 iid = 1; optional bytes str = 2; }`;

const TRACE = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Trace');

interface ReadEvent {
  readonly type: string;
  readonly track: string;
  readonly ts: number;
  readonly category: string;
  readonly name: string;
  readonly args: { readonly [name: string]: string };
  readonly value: string;
  readonly leaves: readonly string[];
  readonly ends: readonly string[];
}

interface ReadTrace {
  /** Names of tracks by number: `alice`, `alice: state`. */
  readonly tracks: ReadonlyMap<string, string>;
  readonly events: readonly ReadEvent[];
  readonly tasks: readonly ReadTask[];
}

/** State that a thread is in from a time on, as schedulers of all kernels have them. */
interface ReadTask {
  readonly thread: string;
  readonly state: string;
  readonly ts: number;
  readonly cpu: number | undefined;
}

/** A packet as protobufjs gives it. */
interface Packet {
  readonly timestamp: string;
  readonly trusted_packet_sequence_id: number;
  readonly sequence_flags: number;
  readonly interned_data?: { readonly [kind: string]: readonly Interned[] };
  readonly track_descriptor?: {
    readonly uuid: string; readonly parent_uuid?: string; readonly name: string;
    readonly process?: { readonly process_name: string }; readonly thread?: { readonly tid: string; readonly thread_name: string };
  };
  readonly generic_kernel_task_state_event?: { readonly tid: string; readonly state: string; readonly cpu?: number };
  readonly track_event: {
    readonly type: string; readonly track_uuid: string; readonly name_iid?: string; readonly category_iids: readonly string[];
    readonly counter_value: string; readonly flow_ids: readonly string[]; readonly terminating_flow_ids: readonly string[];
    readonly debug_annotations: readonly Annotation[];
  };
}

interface Annotation { readonly name_iid: string; readonly value: 'uint_value' | 'pointer_value' | 'string_value' | 'string_value_iid'; readonly [value: string]: string }
interface Interned { readonly iid: string; readonly name?: string; readonly str?: Uint8Array }

/** Reads a file as Perfetto does, and checks what any trace must keep to. */
function read(bytes: Uint8Array): ReadTrace {
  const { packet } = TRACE.toObject(TRACE.decode(bytes), { longs: String, enums: String, arrays: true, oneofs: true }) as { packet: Packet[] };
  const interned = { event_categories: new Map<string, string>(), event_names: new Map<string, string>(), debug_annotation_names: new Map<string, string>(), debug_annotation_string_values: new Map<string, string>() };
  const tracks = new Map<string, string>();
  const events: ReadEvent[] = [];
  const threads = new Map<string, string>();
  const tasks: ReadTask[] = [];
  packet.forEach((each, i) => {
    expect([each.trusted_packet_sequence_id, each.sequence_flags]).toEqual([1, i === 0 ? 1 : 2]);
    for (const [kind, known] of Object.entries(interned)) {
      for (const { iid, name, str } of each.interned_data?.[kind] ?? []) {
        expect(known.has(iid)).toBe(false);
        known.set(iid, name ?? Buffer.from(str!).toString());
      }
    }
    const track = each.track_descriptor;
    if (track !== undefined) {
      expect(tracks.has(track.uuid)).toBe(false);
      if (track.parent_uuid !== undefined) expect(tracks.has(track.parent_uuid)).toBe(true);
      tracks.set(track.uuid, track.process?.process_name ?? track.thread?.thread_name ?? track.name);
      if (track.thread !== undefined) threads.set(track.thread.tid, track.thread.thread_name);
      return;
    }
    const task = each.generic_kernel_task_state_event;
    if (task !== undefined) {
      expect(threads.has(task.tid)).toBe(true);
      tasks.push({ thread: threads.get(task.tid)!, state: task.state.slice('TASK_STATE_'.length), ts: Number(each.timestamp), cpu: task.cpu });
      return;
    }
    const event = each.track_event;
    const text = (a: Annotation): string => (a.value === 'string_value_iid' ? interned.debug_annotation_string_values.get(a[a.value] ?? '')! : a[a.value]!);
    events.push({
      type: event.type.slice('TYPE_'.length), track: tracks.get(event.track_uuid)!, ts: Number(each.timestamp),
      category: event.category_iids.length === 0 ? '' : interned.event_categories.get(event.category_iids[0] ?? '')!,
      name: event.name_iid === undefined ? '' : interned.event_names.get(event.name_iid)!,
      args: Object.fromEntries(event.debug_annotations.map((a) => [interned.debug_annotation_names.get(a.name_iid), text(a)])),
      value: event.counter_value, leaves: event.flow_ids, ends: event.terminating_flow_ids,
    });
  });
  checkSlicesAndArrows(events);
  checkTasks(tasks);
  return { tracks, events, tasks };
}

/** Slices of a track begin and end in turn, times on a track do not go back, and an arrow ends once, after it left. */
function checkSlicesAndArrows(events: readonly ReadEvent[]): void {
  const depth = new Map<string, number>();
  const time = new Map<string, number>();
  const under = new Map<string, number>();
  for (const { type, track, ts, leaves, ends } of events) {
    expect(track).toBeTypeOf('string');
    expect(ts).toBeGreaterThanOrEqual(time.get(track) ?? 0);
    time.set(track, ts);
    if (type === 'SLICE_BEGIN' || type === 'SLICE_END') {
      const now = (depth.get(track) ?? 0) + (type === 'SLICE_BEGIN' ? 1 : -1);
      expect([0, 1]).toContain(now);
      depth.set(track, now);
    }
    for (const arrow of leaves) {
      expect(under.has(arrow)).toBe(false);
      under.set(arrow, ts);
    }
    for (const arrow of ends) {
      expect(under.get(arrow)).toBeLessThanOrEqual(ts);
      under.delete(arrow);
    }
  }
  expect([...depth.values()].every((open) => open === 0)).toBe(true);
  expect(under.size).toBe(0);
}

/** One thread runs at a time, a thread is told to be in a state once only, and its times go on. Any records may bring a thread back. */
function checkTasks(tasks: readonly ReadTask[]): void {
  const last = new Map<string, ReadTask>();
  let running: string | undefined;
  for (const task of tasks) {
    const { thread, state, ts, cpu } = task;
    const before = last.get(thread);
    if (before?.state !== 'DESTROYED') expect(state).not.toBe(before?.state);
    expect(ts).toBeGreaterThan(before?.ts ?? -1);
    last.set(thread, task);
    if (state === 'RUNNING') expect(running).toBeUndefined();
    expect(cpu).toBe(state === 'RUNNING' ? 0 : undefined);
    if (state === 'RUNNING') running = thread;
    else if (running === thread) running = undefined;
  }
}

function perfettoOf(records: readonly TrapRecord[], options: SampleOptions = {}, selection: Selection = {}): ReadTrace {
  return read(exported(storedRun(records, options).source, { format: 'perfetto', selection }));
}

/** States of a thread with the times from which on it is in them; `end` when it has none any more. */
function statesOf({ events }: ReadTrace, thread: string): [string, number][] {
  const states: [string, number][] = [];
  for (const { type, track, ts, name } of events) {
    if (track !== `${thread}: state`) continue;
    if (states.at(-1)?.[0] === 'end') states.pop();
    states.push([type === 'SLICE_BEGIN' ? name : 'end', ts]);
  }
  return states;
}

const isEntry = ({ type, category }: ReadEvent): boolean => type === 'SLICE_BEGIN' && category !== 'state';

describe('the Perfetto trace', () => {
  it('has the field numbers of the schema beside it', () => {
    const own = protobuf.parse(readFileSync(new URL('./perfetto.proto', import.meta.url), 'utf8')).root;
    const messages = { Trace: fields.TRACE, TracePacket: fields.PACKET, TrackDescriptor: fields.TRACK, ProcessDescriptor: fields.PROCESS, ThreadDescriptor: fields.THREAD,
      CounterDescriptor: fields.COUNTER, TrackEvent: fields.EVENT, GenericKernelTaskStateEvent: fields.TASK, DebugAnnotation: fields.ANNOTATION, InternedData: fields.INTERNED, InternedName: fields.INTERNED_NAME };
    for (const [name, numbers] of Object.entries(messages)) {
      const type = own.lookupType(name);
      expect(Object.fromEntries(type.fieldsArray.map((field) => [field.name, field.id])), name).toEqual(numbers);
    }
  });

  it('has a slice for each kernel entry, with what was asked and answered', () => {
    const records = Array.from({ length: 4 }, (_, i) => sampleRecord(i + 1));
    const { events, tracks } = perfettoOf(records);
    expect([...tracks.values()].slice(0, 2)).toEqual(['sample.ts on model 13.0.0 (riscv64-mcs)', 'alice']);
    expect(events.filter(isEntry).map(({ track, name, category, ts }) => [track, name, category, ts])).toEqual([
      ['alice', 'RISCVPageGetAddress', 'syscall', 1000], ['bob', 'TCBResume', 'syscall', 2000], ['alice', 'RISCVPageGetAddress', 'syscall', 3000], ['bob', 'Yield', 'syscall', 4000],
    ]);
    expect(events.filter(isEntry)[2]!.args).toEqual({
      seq: '3', outcome: 'error', syscall: 'Call', cptr: String(103), capability: 'Frame', object: 'shared frame', 'sent length': '0',
      label: '2', length: '1', badge: '0', error: 'InvalidCapability',
    });
    expect(events[0]).toMatchObject({ type: 'INSTANT', category: 'run', args: { run: 'sample-run', tags: 'sample', release: '13.0.0' } });
    expect(events.filter(({ track, type }) => track === 'alice: budget left' && type === 'COUNTER').map(({ value, ts }) => [value, ts])).toEqual([['1000000', 1300]]);
  });

  it('has every record of any trace, its times and its arrows', () => {
    const records = randomRecords(60, 11);
    const { events } = perfettoOf(records, { subjects: [] });
    const entries = events.filter(isEntry);
    expect(entries.map(({ ts, args }) => [args['seq'], ts, args['outcome']])).toEqual(records.map((r) => [String(r.seq), r.entryTime, OUTCOMES[r.outcome]]));
    expect(entries.map(({ leaves }) => leaves.length)).toEqual(records.map((r) => (
      r.deliveries.slice(0, r.deliveryCount).filter(({ thread }) => thread !== r.thread && thread !== 0).length)));
    for (const [i, { args }] of entries.entries()) {
      const r = records[i]!;
      if (args['cptr'] !== undefined) expect(BigInt(args['cptr'])).toBe(lanesToBigInt(r.cptrLo, r.cptrHi));
    }
  });

  it('leads an arrow from the sender to the receiver, also for a late reply', () => {
    const { events } = perfettoOf([sampleRecord(1), sampleRecord(2), sampleRecord(3), sampleRecord(4), lateReplyRecord(5)]);
    const from = events.find(({ leaves }) => leaves.length > 0)!;
    const to = events.find(({ ends }) => ends.length > 0)!;
    expect([from.track, from.args['seq'], to.track, to.type, to.name, to.ts]).toEqual(['alice', '5', 'bob', 'INSTANT', 'lateReply', 5300]);
    expect(to.args).toMatchObject({ from: 'alice', seq: '5' });
  });

  it('shows the state in which the kernel leaves a thread, until its end', () => {
    const blocks = sampleRecord(1);
    blocks.transitionCount = 0;
    blocks.addTransition(ALICE, STATE.Running, STATE.Restart);
    blocks.addTransition(ALICE, STATE.Restart, STATE.BlockedOnReceive);
    const destroys = sampleRecord(2);
    destroys.transitionCount = 0;
    destroys.next = BOB;
    destroys.addTransition(ALICE, STATE.BlockedOnReceive, STATE.Inactive, TRANSITION_FLAG.destroyed);
    const trace = perfettoOf([blocks, destroys]);
    expect(statesOf(trace, 'alice')).toEqual([['Running', 1000], ['BlockedOnReceive', 1300], ['end', 2300]]);
    expect(statesOf(trace, 'bob')).toEqual([['Running', 1300], ['end', 2300]]);
  });

  it('shows who has the processor, and what the others do meanwhile', () => {
    const [call, resumes] = [sampleRecord(1), sampleRecord(2)];
    call.addTransition(ALICE, STATE.Running, STATE.BlockedOnReply);
    resumes.addTransition(ALICE, STATE.BlockedOnReply, STATE.Running);
    const idles = sampleRecord(3);
    idles.next = 0;
    idles.addTransition(ALICE, STATE.Running, STATE.Inactive);
    const destroys = sampleRecord(4);
    destroys.transitionCount = 0;
    destroys.addTransition(ALICE, STATE.Inactive, STATE.Inactive, TRANSITION_FLAG.destroyed);
    destroys.next = BOB;
    const { tasks } = perfettoOf([call, resumes, idles, destroys]);
    expect(tasks.map(({ thread, state, ts }) => [thread, state, ts])).toEqual([
      ['alice', 'RUNNING', 1000], ['alice', 'INTERRUPTIBLE_SLEEP', 1300], ['bob', 'RUNNING', 1300],
      ['bob', 'RUNNABLE', 2300], ['alice', 'RUNNING', 2300], ['alice', 'STOPPED', 3300], ['bob', 'INTERRUPTIBLE_SLEEP', 3300],
      ['bob', 'RUNNING', 4000], ['alice', 'DESTROYED', 4300],
    ]);
  });

  it('tells scheduling of any records', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, count) => {
      const { tasks } = perfettoOf(randomRecords(count, seed), { subjects: [] });
      expect(tasks.every(({ thread }) => thread !== 'idle thread')).toBe(true);
    }), { numRuns: 20 });
  });

  it('stays valid when no time passes', () => {
    const records = Array.from({ length: 8 }, (_, i) => {
      const record = i === 4 ? lateReplyRecord(5) : sampleRecord(i + 1);
      record.entryTime = record.exitTime = 0;
      if (i === 6) record.addTransition(BOB, STATE.Running, STATE.BlockedOnSend);
      return record;
    });
    const { events } = perfettoOf(records, { anomalies: [{ seq: 2, thread: BOB }] });
    expect(new Set(events.map(({ ts }) => ts))).toEqual(new Set([0]));
    expect(events.filter(isEntry)).toHaveLength(8);
  });

  it('marks anomalies on the thread that they are about', () => {
    const { events } = perfettoOf([sampleRecord(1), sampleRecord(2)], { anomalies: [{ seq: 2, thread: ALICE }] });
    const [mark] = events.filter(({ category }) => category === 'anomaly');
    expect(mark).toMatchObject({ track: 'alice', type: 'INSTANT', ts: 2300, args: { severity: 'error', detail: 'too short, by "one" word', seq: '2' } });
    expect(mark!.name).toMatch(/^K05 ./);
  });

  it('gives the idle thread a row without a number, and shows no counters of a classic kernel', () => {
    const idle = new TrapRecord();
    Object.assign(idle, { seq: 1, entryTime: 5, exitTime: 6, cause: 4 });
    const { tracks, events } = perfettoOf([idle], { run: { configuration: 'riscv64-classic' } });
    expect([...tracks.values()]).toContain('idle thread');
    expect([...tracks.values()].filter((name) => /charged|budget/.test(name))).toEqual([]);
    expect(events.find(isEntry)).toMatchObject({ track: 'idle thread', name: 'interrupt' });
  });

  it('shows only the states of a thread that was selected', () => {
    const records = Array.from({ length: 8 }, (_, i) => sampleRecord(i + 1));
    records[3]!.addTransition(ALICE, STATE.Running, STATE.BlockedOnSend);
    const trace = perfettoOf(records, {}, { thread: ALICE });
    expect(statesOf(trace, 'alice').map(([name]) => name)).toContain('BlockedOnSend');
    expect(statesOf(trace, 'bob')).toEqual([]);
    expect(trace.tasks).toEqual([]);
    expect(trace.events.filter(isEntry).map(({ args }) => args['seq'])).toEqual(['1', '3', '4', '5', '7']);
  });

  it('is valid without a record', () => {
    expect(perfettoOf([]).events).toEqual([]);
  });
});

describe('a delivery to the thread itself', () => {
  it('is no arrow', () => {
    const record = sampleRecord(1);
    expect(record.deliveries[0]!.kind).toBe(DELIVERY.reply);
    expect(perfettoOf([record]).events.some(({ leaves }) => leaves.length > 0)).toBe(false);
  });
});
