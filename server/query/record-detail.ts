// SPDX-License-Identifier: BSD-2-Clause
/** One record in full: decoded against the interface, with names, beside the method's contract. */
import { faultName } from '../../schema/abi/faults.ts';
import { unpackMessageInfo } from '../../schema/abi/message-info.ts';
import { RISCV64_SLOTS } from '../../schema/abi/registers.ts';
import { THREAD_STATES } from '../../schema/abi/thread-state.ts';
import { lanesToHex } from '../../schema/abi/word.ts';
import type { AnomalyRow, DeliveryDetail, ExplainedAnomaly, RecordDetail, RequestDetail, StrayDetail, SubjectRef, TagDetail } from '../../schema/api/index.ts';
import { decodeReply, decodeRequest } from '../../schema/idl/describe.ts';
import type { InterfaceModel, Method } from '../../schema/idl/model.ts';
import { RULES } from '../../schema/rules/catalogue.ts';
import { DELIVERY, DELIVERY_KINDS, FLAG, STRAYS, TRANSITION_FLAG, type Delivery, type TrapRecord } from '../../schema/trace/trap-record.ts';
import { decodeFault } from './decode-fault.ts';
import { methodDetail } from './method-detail.ts';
import { capTypeText, recordRow } from './record-row.ts';

/** A record with all that is needed to explain it. */
export interface RecordInContext {
  /** Run id. */
  readonly run: string;
  readonly interfaces: InterfaceModel;
  readonly record: TrapRecord;
  /** Best name of a thread or object; empty or undefined when none is known. */
  readonly nameOf: (id: number) => string | undefined;
  /** Method that an earlier record invoked. */
  readonly methodAt: (seq: number) => Method | undefined;
  readonly anomalies: readonly AnomalyRow[];
}

type StateText = RecordDetail['next']['state'];
type FlagText = RecordDetail['flags'][number];

const BUFFERS = ['none', 'readOnly', 'readWrite'] as const;

export function recordDetail(context: RecordInContext): RecordDetail {
  const { record, interfaces } = context;
  const method = interfaces.byLabel[record.method];
  return {
    run: context.run,
    configuration: interfaces.name,
    row: recordRow(record, interfaces, context.anomalies.length),
    exitTime: record.exitTime,
    thread: threadRef(context, record.thread),
    object: objectRef(context),
    request: requestDetail(record, method),
    method: method === undefined ? null : methodDetail(method),
    deliveries: record.deliveries.slice(0, record.deliveryCount).map((delivery) => deliveryDetail(context, delivery)),
    ...stateChanges(context),
    next: { thread: threadRef(context, record.next), state: stateText(record.nextState) },
    pcBefore: lanesToHex(record.pcBeforeLo, record.pcBeforeHi),
    pcAfter: lanesToHex(record.pcAfterLo, record.pcAfterHi),
    flags: (Object.keys(FLAG) as FlagText[]).filter((name) => (record.flags & FLAG[name]) !== 0),
    fault: record.fault === 0 ? null : faultName(interfaces.configuration.scheduling, record.fault) ?? `fault ${record.fault}`,
    consumed: record.consumed,
    budget: record.budget,
    stray: strayDetail(record),
    anomalies: context.anomalies.map((anomaly) => explained(context, anomaly)),
  };
}

function requestDetail(record: TrapRecord, method: Method | undefined): RequestDetail {
  return {
    cptr: lanesToHex(record.cptrLo, record.cptrHi),
    tag: tagDetail(record.tagLo, record.tagHi),
    words: hexWords(record.words, record.wordCount),
    caps: hexWords(record.caps, record.capCount),
    parameters: method === undefined ? [] : decodeRequest(method, record.words, record.wordCount, record.caps, record.capCount),
    reply: lanesToHex(record.replyLo, record.replyHi),
    buffer: BUFFERS[record.bufferKind]!,
  };
}

function deliveryDetail(context: RecordInContext, delivery: Delivery): DeliveryDetail {
  const { error, summary, explanation, fields } = meaningOf(context, delivery);
  return {
    kind: DELIVERY_KINDS[delivery.kind]!,
    thread: threadRef(context, delivery.thread),
    answers: delivery.answers,
    badge: lanesToHex(delivery.badgeLo, delivery.badgeHi),
    tag: tagDetail(delivery.tagLo, delivery.tagHi),
    words: hexWords(delivery.words, delivery.wordCount),
    writtenRegisters: RISCV64_SLOTS.filter((_, slot) => delivery.slotWritten(slot)),
    writtenBufferWords: Array.from({ length: 128 }, (_, i) => i).filter((i) => delivery.bufferWordWritten(i)),
    error,
    summary,
    explanation,
    values: [...fields],
  };
}

interface Meaning {
  readonly error: string | null;
  readonly summary: string;
  readonly explanation: string;
  readonly fields: DeliveryDetail['values'];
}

const NO_MEANING: Meaning = { error: null, summary: '', explanation: '', fields: [] };

/** Kernel replies and faults have a form that the API defines; messages between threads are theirs. */
function meaningOf({ record, interfaces, methodAt }: RecordInContext, delivery: Delivery): Meaning {
  const tag = unpackMessageInfo(delivery.tagLo, delivery.tagHi);
  if (delivery.kind === DELIVERY.fault) {
    return { ...NO_MEANING, ...decodeFault(interfaces.configuration.scheduling, tag, delivery.words, delivery.wordCount) };
  }
  if (delivery.kind !== DELIVERY.reply && delivery.kind !== DELIVERY.lateReply) return NO_MEANING;
  const method = delivery.answers === record.seq ? interfaces.byLabel[record.method] : methodAt(delivery.answers);
  const reply = decodeReply(method, tag, delivery.words, delivery.wordCount);
  return {
    error: reply.error === 'NoError' ? null : reply.error ?? `label ${tag.label}`,
    summary: reply.summary,
    explanation: reply.explanation,
    fields: [...reply.fields],
  };
}

type FlagName = keyof typeof TRANSITION_FLAG;

function transitionFlags(flags: number): Record<FlagName, boolean> {
  const names = Object.keys(TRANSITION_FLAG) as FlagName[];
  return Object.fromEntries(names.map((name) => [name, (flags & TRANSITION_FLAG[name]) !== 0])) as Record<FlagName, boolean>;
}

function strayDetail(record: TrapRecord): StrayDetail | null {
  const kind = STRAYS[record.stray];
  if (kind === undefined || kind === 'none') return null;
  return { kind, address: lanesToHex(record.strayAddressLo, record.strayAddressHi), pc: lanesToHex(record.strayPcLo, record.strayPcHi) };
}

/** The transitions in order, and for each thread the state before the first and after the last. */
function stateChanges(context: RecordInContext): Pick<RecordDetail, 'transitions' | 'states'> {
  const transitions: RecordDetail['transitions'] = [];
  const states = new Map<number, RecordDetail['states'][number]>();
  for (const { thread, from, to, flags } of context.record.transitions.slice(0, context.record.transitionCount)) {
    const ref = threadRef(context, thread);
    transitions.push({
      thread: ref, from: stateText(from), to: stateText(to),
      ...transitionFlags(flags),
    });
    const known = states.get(thread);
    if (known === undefined) states.set(thread, { thread: ref, before: stateText(from), after: stateText(to) });
    else known.after = stateText(to);
  }
  return { transitions, states: [...states.values()] };
}

function explained(context: RecordInContext, anomaly: AnomalyRow): ExplainedAnomaly {
  const { id, rule, severity, detail, fingerprint } = anomaly;
  const info = RULES.get(rule);
  return {
    id, rule, severity, detail, fingerprint,
    thread: threadRef(context, anomaly.thread),
    title: info?.title ?? rule,
    explanation: info?.explanation ?? 'This version of sel4scope does not have the rule any more.',
    references: [...info?.references ?? []],
  };
}

function threadRef({ nameOf }: RecordInContext, id: number): SubjectRef {
  if (id === 0) return { id, name: 'idle thread' };
  return { id, name: nameOf(id) || `thread ${id}` };
}

function objectRef({ record, nameOf }: RecordInContext): SubjectRef {
  if (record.object === 0) return { id: 0, name: 'none' };
  return { id: record.object, name: nameOf(record.object) || `${capTypeText(record.capType) || 'object'} ${record.object}` };
}

function tagDetail(lo: number, hi: number): TagDetail {
  return { word: lanesToHex(lo, hi), ...unpackMessageInfo(lo, hi) };
}

function hexWords(lanes: Uint32Array, count: number): string[] {
  return Array.from({ length: count }, (_, i) => lanesToHex(lanes[2 * i]!, lanes[2 * i + 1]!));
}

function stateText(state: number): StateText {
  return THREAD_STATES[state] ?? 'unknown';
}
