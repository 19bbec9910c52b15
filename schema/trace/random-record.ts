// SPDX-License-Identifier: BSD-2-Clause
/** Random records for tests: any values that a TrapRecord may have, the extremes often. */
import { LARGEST } from './batch-layout.ts';
import { MAX_WORDS, TrapRecord } from './trap-record.ts';
import type { Delivery } from './trap-record.ts';

/** A source of randomness: an integer in 0..n-1. The caller decides where it comes from, so that a run can be repeated. */
export type Below = (n: number) => number;

/** A record with this sequence number whose entry is not before `notBefore` (virtual ns). */
export function randomRecord(below: Below, seq: number, notBefore: number): TrapRecord {
  const record = new TrapRecord();
  record.seq = seq;
  record.entryTime = later(below, notBefore);
  record.exitTime = later(below, record.entryTime);
  record.cause = below(LARGEST.cause + 1);
  record.thread = lane(below);
  record.syscall = below(4) === 0 ? lane(below) | 0 : 0 - below(40);
  [record.cptrLo, record.cptrHi] = [lane(below), highLane(below)];
  record.capType = below(LARGEST.capType + 1);
  record.object = lane(below);
  record.method = lane(below);
  [record.tagLo, record.tagHi] = [lane(below), highLane(below)];
  record.wordCount = randomWords(below, record.words);
  record.capCount = below(LARGEST.capCount + 1);
  for (let i = 0; i < record.capCount; i++) [record.caps[2 * i], record.caps[2 * i + 1]] = [lane(below), highLane(below)];
  [record.replyLo, record.replyHi] = [lane(below), highLane(below)];
  record.bufferKind = below(LARGEST.bufferKind + 1);
  record.outcome = below(LARGEST.outcome + 1);
  record.flags = below(LARGEST.flags + 1);
  record.fault = below(8);
  [record.pcBeforeLo, record.pcBeforeHi] = [lane(below), highLane(below)];
  [record.pcAfterLo, record.pcAfterHi] = [lane(below), highLane(below)];
  record.next = lane(below);
  record.nextState = below(LARGEST.state + 1);
  record.consumed = later(below, 0);
  record.budget = later(below, 0);
  record.stray = below(LARGEST.stray + 1);
  [record.strayAddressLo, record.strayAddressHi] = [lane(below), highLane(below)];
  [record.strayPcLo, record.strayPcHi] = [lane(below), highLane(below)];
  for (let n = below(below(8) === 0 ? 20 : 3); n > 0; n--) randomDelivery(below, record.addDelivery(), seq);
  for (let n = below(5); n > 0; n--) record.addTransition(lane(below), below(LARGEST.state + 1), below(LARGEST.state + 1), below(LARGEST.transitionFlags + 1));
  return record;
}

function randomDelivery(below: Below, delivery: Delivery, seq: number): void {
  delivery.kind = below(LARGEST.deliveryKind + 1);
  delivery.thread = lane(below);
  delivery.answers = [0, seq, 1, Math.max(1, seq - below(1000))][below(4)]!;
  [delivery.badgeLo, delivery.badgeHi] = [lane(below), highLane(below)];
  [delivery.tagLo, delivery.tagHi] = [lane(below), highLane(below)];
  delivery.wordCount = randomWords(below, delivery.words);
  for (let i = 0; i < 2; i++) delivery.slots[i] = lane(below);
  for (let i = 0; i < 4; i++) delivery.bufferWords[i] = highLane(below);
}

function randomWords(below: Below, lanes: Uint32Array): number {
  const count = [0, below(5), below(MAX_WORDS + 1), MAX_WORDS][below(4)]!;
  for (let i = 0; i < count; i++) [lanes[2 * i], lanes[2 * i + 1]] = [lane(below), highLane(below)];
  return count;
}

/** Values at the ends of varint lengths and of the lane. */
const EDGES = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xfff_ffff, 0x1000_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function lane(below: Below): number {
  return below(2) === 0 ? EDGES[below(EDGES.length)]! : (below(0x1_0000) * 0x1_0000 + below(0x1_0000)) >>> below(32);
}

function highLane(below: Below): number {
  return below(2) === 0 ? 0 : lane(below);
}

/** A time not before another; sometimes the last one that there is. */
function later(below: Below, time: number): number {
  const left = Number.MAX_SAFE_INTEGER - time;
  if (below(64) === 0) return time + Math.min(left, below(2) === 0 ? left : 2 ** 52);
  return time + Math.min(left, below(1 << below(30)));
}
