// SPDX-License-Identifier: BSD-2-Clause
/** CTF traces, read back by babeltrace2 (Debian package `babeltrace2`), which has its own reader. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { unpackMessageInfo } from '../../../schema/abi/message-info.ts';
import { lanesToBigInt } from '../../../schema/abi/word.ts';
import { FLAG, TRANSITION_FLAG, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { temporaryDirectory } from '../../testing/fixture.ts';
import { ALICE, BOB, SAMPLE_SUBJECTS, sampleRecord } from '../../testing/sample-records.ts';
import type { Selection } from '../selection.ts';
import { randomRecords, storedRun, type SampleOptions, type StoredSample } from '../testing/stored-run.ts';
import { exportCtf, METADATA_FILE, STREAM_FILE } from './ctf.ts';
import { literal } from './metadata.ts';

/** Whether the reader is there. Without it that is said loudly, or thrown where `SEL4SCOPE_REQUIRE_BABELTRACE=1` asks for it. */
const present = ((): boolean => {
  if (spawnSync('babeltrace2', ['--version']).status === 0) return true;
  const message = 'CTF exports are NOT read back: no babeltrace2 (apt-get install babeltrace2)';
  if (process.env['SEL4SCOPE_REQUIRE_BABELTRACE'] === '1') throw new Error(message);
  console.warn(message);
  return false;
})();

function write({ source }: StoredSample, selection: Selection = {}): string {
  const path = join(temporaryDirectory(), 'trace');
  const { metadata, stream } = exportCtf(source, selection);
  mkdirSync(path);
  writeFileSync(join(path, METADATA_FILE), metadata);
  writeFileSync(join(path, STREAM_FILE), Buffer.concat([...stream].map(({ bytes }) => bytes)));
  return path;
}

interface ReadEvent {
  readonly time: string;
  readonly name: string;
  /** Text of the whole payload. */
  readonly payload: string;
}

function babeltrace(records: readonly TrapRecord[], options: SampleOptions = {}): ReadEvent[] {
  const path = write(storedRun(records, options));
  const text = execFileSync('babeltrace2', ['--clock-cycles', '--no-delta', path], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return text.split('\n').filter((line) => line !== '').map((line) => {
    const [, time, name, payload] = /^\[0*(\d+)\] (\w+): (.*)$/.exec(line)!;
    return { time: time!, name: name!, payload: payload! };
  });
}

/** A field of a payload, of integers their number and of enumerations that of their container. */
function field(payload: string, name: string): string {
  const found = new RegExp(`[{,] ${name} = (?:\\( .*? : container = (-?\\d+) \\)|(-?\\w+|"(?:[^"\\\\]|\\\\.)*"))`).exec(payload);
  if (found === null) throw new Error(`no ${name} in ${payload}`);
  return found[1] ?? found[2]!;
}

function wordsOf(payload: string, name: string): bigint[] {
  const [, list] = new RegExp(` ${name} = \\[ ((?:\\[\\d+\\] = 0x[0-9A-F]+,? )*)\\]`).exec(payload)!;
  return [...list!.matchAll(/= (0x[0-9A-F]+)/g)].map(([, word]) => BigInt(word!));
}

function group(payload: string, name: string): string {
  return new RegExp(` ${name} = (\\{.*?\\})`).exec(payload)![1]!;
}

const lanes = (all: Uint32Array, count: number): bigint[] => Array.from({ length: count }, (_, i) => lanesToBigInt(all[2 * i]!, all[2 * i + 1]!));
const flagBits = (all: Readonly<Record<string, number>>, flags: number): string => (
  `{ ${Object.entries(all).map(([name, bit]) => `${name} = ${(flags & bit) === 0 ? 0 : 1}`).join(', ')} }`);
const tagText = (lo: number, hi: number): string => {
  const { length, extraCaps, capsUnwrapped, label } = unpackMessageInfo(lo, hi);
  return `{ length = ${length}, extra_caps = ${extraCaps}, caps_unwrapped = ${capsUnwrapped}, label = ${label} }`;
};

describe.skipIf(!present)('a CTF trace in babeltrace2', () => {
  it('has every trap with its words, flags and message info', () => {
    const records = randomRecords(250, 41);
    const traps = babeltrace(records).filter(({ name }) => name === 'trap');
    expect(traps).toHaveLength(records.length);
    for (const [i, { time, payload }] of traps.entries()) {
      const r = records[i]!;
      expect([time, ...['seq', 'exit_time', 'thread', 'cause', 'syscall', 'method', 'object', 'outcome', 'fault', 'next_thread', 'consumed', 'budget'].map((name) => field(payload, name))])
        .toEqual([r.entryTime, r.seq, r.exitTime, r.thread, r.cause, r.syscall, r.method, r.object, r.outcome, r.fault, r.next, r.consumed, r.budget].map(String));
      expect(['cptr', 'reply', 'pc_before', 'pc_after', 'stray_pc'].map((name) => BigInt(field(payload, name)))).toEqual([
        lanesToBigInt(r.cptrLo, r.cptrHi), lanesToBigInt(r.replyLo, r.replyHi), lanesToBigInt(r.pcBeforeLo, r.pcBeforeHi), lanesToBigInt(r.pcAfterLo, r.pcAfterHi),
        r.stray === 0 ? BigInt(field(payload, 'stray_pc')) : lanesToBigInt(r.strayPcLo, r.strayPcHi),
      ]);
      expect([wordsOf(payload, 'words'), wordsOf(payload, 'caps')]).toEqual([lanes(r.words, r.wordCount), lanes(r.caps, r.capCount)]);
      expect([group(payload, 'flags'), group(payload, 'request')]).toEqual([flagBits(FLAG, r.flags), tagText(r.tagLo, r.tagHi)]);
    }
  });

  it('has every delivery and transition, over many packets', () => {
    const records = randomRecords(600, 42);
    const events = babeltrace(records);
    const deliveries = records.flatMap((r) => r.deliveries.slice(0, r.deliveryCount).map((d) => ({ r, d })));
    expect(events.filter(({ name }) => name === 'delivery').map(({ time, payload }) => (
      [time, field(payload, 'seq'), field(payload, 'thread'), field(payload, 'kind'), field(payload, 'answers'), BigInt(field(payload, 'badge')), group(payload, 'message'), wordsOf(payload, 'words')]
    ))).toEqual(deliveries.map(({ r, d }) => (
      [String(r.exitTime), String(r.seq), String(d.thread), String(d.kind), String(d.answers), lanesToBigInt(d.badgeLo, d.badgeHi), tagText(d.tagLo, d.tagHi), lanes(d.words, d.wordCount)]
    )));
    const transitions = records.flatMap((r) => r.transitions.slice(0, r.transitionCount).map((t) => ({ r, t })));
    expect(events.filter(({ name }) => name === 'transition').map(({ time, payload }) => (
      [time, field(payload, 'seq'), field(payload, 'thread'), field(payload, 'from_state'), field(payload, 'to_state'), group(payload, 'flags')]
    ))).toEqual(transitions.map(({ r, t }) => [String(r.exitTime), String(r.seq), String(t.thread), String(t.from), String(t.to), flagBits(TRANSITION_FLAG, t.flags)]));
  });

  it('has names in place of numbers, whatever characters they have', () => {
    const subjects = [{ ...SAMPLE_SUBJECTS[0]!, name: 'al"i\\ce\n' }, { ...SAMPLE_SUBJECTS[1]!, name: 'twin' }, { id: 9, type: CAP_TYPE.Thread, name: 'twin' }, SAMPLE_SUBJECTS[2]!];
    const twin = sampleRecord(2);
    twin.thread = 9;
    const [first, second, third] = babeltrace([sampleRecord(1), twin, sampleRecord(3), sampleRecord(4)], { subjects }).filter(({ name }) => name === 'trap');
    expect(first!.payload).toContain('thread = ( "al\\"i\\\\ce\\n" : container = 1 ), cause = ( "syscall" : container = 0 ), syscall = ( "Call" : container = -1 ), method = ( "RISCVPageGetAddress"');
    expect(first!.payload).toContain('object = ( "shared frame" : container = 3 )');
    expect(second!.payload).toContain('thread = ( "twin (9)" : container = 9 )');
    expect(third!.payload).toContain('outcome = ( "error"');
  });

  it('has anomalies with their text', () => {
    const records = Array.from({ length: 4 }, (_, i) => sampleRecord(i + 1));
    const anomalies = babeltrace(records, { anomalies: [{ seq: 2, thread: BOB, detail: 'said "no"\0' }] }).filter(({ name }) => name === 'anomaly');
    expect(anomalies.map(({ time, payload }) => [time, field(payload, 'seq'), field(payload, 'rule'), field(payload, 'detail')])).toEqual([['2300', '2', '"K05"', '"said \\"no\\""']]);
  });

  it('says what is known of the run', () => {
    const path = write(storedRun([sampleRecord(1)], { run: { defects: ['sc-consumed', 'sc-yield-to'] } }));
    const details = execFileSync('babeltrace2', ['--component=sink.text.details', path], { encoding: 'utf8' });
    expect(details).toContain('defects: sc-consumed sc-yield-to');
    expect(details).toContain('program: sample.ts');
  });

  it('is a trace without a record too', () => {
    expect(babeltrace([])).toEqual([]);
  });
});

describe('the stream of a CTF trace', () => {
  it('is packets that say how long they are and which times they have', () => {
    const records = randomRecords(600, 43);
    const stream = Buffer.concat([...exportCtf(storedRun(records).source, {}).stream].map(({ bytes }) => bytes));
    let last = 0n;
    let number = 0n;
    for (let at = 0; at < stream.length;) {
      expect(stream.readUInt32LE(at)).toBe(0xc1fc1fc1);
      const [begin, end, content, packet, count] = [0, 1, 2, 3, 4].map((i) => stream.readBigUInt64LE(at + 24 + 8 * i));
      expect(begin! >= last && end! >= begin! && content === packet && count === number++).toBe(true);
      last = end!;
      at += Number(packet) / 8;
      expect(at).toBeLessThanOrEqual(stream.length);
    }
    expect(last).toBe(BigInt(records.at(-1)!.exitTime));
    expect(number).toBeGreaterThan(2n);
  });

  it('has only what was selected', () => {
    const { source } = storedRun(Array.from({ length: 8 }, (_, i) => sampleRecord(i + 1)));
    const bytes = (selection: Selection): number => [...exportCtf(source, selection).stream].reduce((sum, piece) => sum + piece.bytes.length, 0);
    expect(bytes({ thread: ALICE })).toBeLessThan(bytes({}));
    expect(() => exportCtf(source, { from: 2, to: 1 })).toThrow('is above');
  });
});

describe('a string literal of TSDL', () => {
  it('escapes what would end it', () => {
    expect(literal('a"b\\c\nd\u0001é')).toBe('"a\\"b\\\\c\\nd?é"');
  });
});
