// SPDX-License-Identifier: BSD-2-Clause
/** The metadata file of a CTF 1.8 trace, in TSDL; https://diamon.org/ctf/v1.8.3. */
import { createHash } from 'node:crypto';
import { CAP_TYPE_NAMES, CAP_TYPE_NONE } from '../../../schema/abi/cap-types.ts';
import { FAULT_LABELS } from '../../../schema/abi/faults.ts';
import { BUFFER_KINDS } from '../../../schema/abi/ipc-buffer.ts';
import { SYSCALL_NUMBERS } from '../../../schema/abi/syscalls.ts';
import { THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import { CAUSES, DELIVERY_KINDS, FLAG, OUTCOMES, STRAYS, TRANSITION_FLAG } from '../../../schema/trace/trap-record.ts';
import type { RunNames } from '../run-names.ts';
import type { RunSource } from '../run-source.ts';
import { startPairs } from '../run-text.ts';
import { EVENT_CLASSES, type EventClass } from './events.ts';

/** Names of an enumeration: readers compare each with all others, so that many of them take long to open. */
const MOST_NAMES = 4096;

/** The trace id, the same for every export of a run. */
export function traceUuid(run: string): Uint8Array {
  const bytes = createHash('sha256').update(`sel4scope ${run}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}

/** The whole file. */
export function ctfMetadata({ summary, names }: RunSource): string {
  return [
    '/* CTF 1.8 */',
    integers(),
    ...enumerations(names),
    messageInfo(),
    bits('record_flags_t', FLAG),
    bits('transition_flags_t', TRANSITION_FLAG),
    `trace {
  major = 1;
  minor = 8;
  uuid = "${uuidText(traceUuid(summary.run))}";
  byte_order = le;
  packet.header := struct { uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; };
};`,
    `env {\n${[['tracer_name', 'sel4scope'], ...startPairs(summary)].map(([name, value]) => `  ${name} = ${literal(value!)};`).join('\n')}\n};`,
    // Virtual time begins with the boot of the kernel and has nothing to do with the time of day.
    'clock { name = virtual; description = "virtual time of the run, ns since boot"; freq = 1000000000; offset_s = 0; offset = 0; absolute = FALSE; };',
    'typealias integer { size = 64; align = 8; signed = false; map = clock.virtual.value; } := time_t;',
    `stream {
  id = 0;
  packet.context := struct {
    time_t timestamp_begin; time_t timestamp_end; uint64_t content_size; uint64_t packet_size; uint64_t packet_seq_num; uint64_t events_discarded;
  };
  event.header := struct { uint8_t id; time_t timestamp; };
};`,
    ...EVENT_CLASSES.map((each) => eventClass(each as EventClass<never>)),
    '',
  ].join('\n\n');
}

function integers(): string {
  const integer = (size: number, base: number, signed: boolean, name: string): string => (
    `typealias integer { size = ${size}; align = 8; signed = ${signed}; base = ${base}; } := ${name};`);
  return [integer(8, 10, false, 'uint8_t'), integer(32, 10, false, 'uint32_t'), integer(32, 10, true, 'int32_t'),
    integer(64, 10, false, 'uint64_t'), integer(64, 16, false, 'word_t')].join('\n');
}

function enumerations(names: RunNames): string[] {
  const { interfaces, scheduling, subjects } = names;
  const numbered = (all: readonly string[]): Mapping[] => all.map((name, value) => [name, value]);
  const threads = names.threads().map(({ id }): Mapping => [names.thread(id), id]);
  const objects = subjects.filter(({ name }) => name !== '').map(({ id, name }): Mapping => [name, id]);
  return [
    enumeration('cause_t', 'uint8_t', numbered(CAUSES)),
    enumeration('outcome_t', 'uint8_t', numbered(OUTCOMES)),
    enumeration('delivery_t', 'uint8_t', numbered(DELIVERY_KINDS)),
    enumeration('state_t', 'uint8_t', numbered(THREAD_STATES)),
    enumeration('stray_t', 'uint8_t', numbered(STRAYS)),
    enumeration('buffer_t', 'uint8_t', numbered(BUFFER_KINDS)),
    enumeration('cap_t', 'uint8_t', [...[...CAP_TYPE_NAMES].map(([value, name]): Mapping => [name, value]), ['none', CAP_TYPE_NONE]]),
    // Label 0 of a fault is NullFault, which a record has when there is no fault.
    enumeration('fault_t', 'uint32_t', Object.entries(FAULT_LABELS[scheduling]).map(([name, label]): Mapping => [label === 0 ? 'none' : name, label])),
    enumeration('syscall_t', 'int32_t', [['none', 0], ...Object.entries(SYSCALL_NUMBERS[scheduling])]),
    enumeration('method_t', 'uint32_t', [['none', 0], ...interfaces.methods.map(({ id, label }): Mapping => [id, label])]),
    enumeration('thread_t', 'uint32_t', [[names.thread(0), 0], ...threads]),
    enumeration('object_t', 'uint32_t', [['none', 0], ...objects]),
  ];
}

type Mapping = readonly [name: string, value: number];

/** Names that stand for several numbers get the number too. */
function enumeration(type: string, container: string, mappings: readonly Mapping[]): string {
  const taken = new Set<string>();
  const items = mappings.slice(0, MOST_NAMES).map(([name, value]) => {
    const label = taken.has(name) ? `${name} (${value})` : name;
    taken.add(label);
    return `${literal(label)} = ${value}`;
  });
  return `typealias enum : ${container} { ${items.join(', ')} } := ${type};`;
}

/** The message-info word, taken apart by the reader: fields from the lowest bit on. */
function messageInfo(): string {
  const field = (name: string, size: number): string => `integer { size = ${size}; align = 1; signed = false; } ${name};`;
  return `typealias struct { ${[field('length', 7), field('extra_caps', 2), field('caps_unwrapped', 3), field('label', 52)].join(' ')} } := message_info_t;`;
}

/** A byte of flags, a bit each. The flags have the lowest bits, in order and without gaps. */
function bits(type: string, flags: Readonly<Record<string, number>>): string {
  const inOrder = Object.entries(flags).sort(([, a], [, b]) => a - b).map(([name]) => name);
  return `typealias struct { ${inOrder.map((name) => `integer { size = 1; align = 1; signed = false; } ${name};`).join(' ')} } := ${type};`;
}

function eventClass({ id, name, fields }: EventClass<never>): string {
  const declarations = fields.map(({ declaration }) => `    ${declaration}`).join('\n');
  return `event {\n  name = "${name}";\n  id = ${id};\n  stream_id = 0;\n  fields := struct {\n${declarations}\n  };\n};`;
}

/** A string literal of TSDL, which are those of C. */
export function literal(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  return `"${escaped.replaceAll(/[\u0000-\u001f\u007f]/g, '?')}"`;
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
