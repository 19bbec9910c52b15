// SPDX-License-Identifier: BSD-2-Clause
/**
 * The failures of a run since anything else happened. An invocation that fails changes nothing, so a request that is
 * made again after nothing but failures must fail in the same way.
 */
import { tagLength } from '../abi/message-info.ts';
import { DELIVERY, OUTCOME, type Delivery, type TrapRecord } from '../trace/trap-record.ts';

/** An error reply: the trap, its tag, and the words that explain it, in lanes. */
export interface ErrorAnswer {
  seq: number;
  tagLo: number;
  tagHi: number;
  words: number[];
}

/** A request, in one row of lanes, and how it was answered. */
interface FailedRequest {
  request: number[];
  answer: ErrorAnswer;
}

/** What is kept over a restart of the service. */
export interface FailuresSnapshot {
  readonly requests: readonly FailedRequest[];
  readonly last: ErrorAnswer;
}

/** How many requests are remembered; hardly a program makes more attempts in vain and comes back to the first. */
const CAPACITY = 8;

/** Numbers of a request before its words. */
const HEAD = 9;

export class FailedRequests {
  /** The newest error reply of the run, whatever happened since; `seq` 0 before any. */
  readonly last: ErrorAnswer = noAnswer();
  private readonly requests: FailedRequest[] = [];
  private count = 0;
  private next = 0;

  /** How the request of a record was answered before; undefined if it was not made, or something other than failures came between. */
  find(record: TrapRecord): ErrorAnswer | undefined {
    for (let i = 0; i < this.count; i++) {
      const { request, answer } = this.requests[i]!;
      if (isRequestOf(record, request)) return answer;
    }
    return undefined;
  }

  /** Takes in a record, after the rules have been asked about it. */
  apply(record: TrapRecord): void {
    if (record.outcome !== OUTCOME.error) return this.forget();
    const reply = errorReply(record);
    if (reply === undefined) return;
    setAnswer(this.last, record, reply);
    // Another thread that runs, or that changed its state, may be the reason why the next attempt ends differently.
    if (record.transitionCount > 0 || record.next !== record.thread) this.count = 0;
    else if (this.find(record) === undefined) this.add(record, reply);
  }

  /** Something other than a failure happened. */
  forget(): void {
    this.count = 0;
  }

  snapshot(): FailuresSnapshot {
    return structuredClone({ requests: this.requests.slice(0, this.count), last: this.last });
  }

  static restore(snapshot: FailuresSnapshot | undefined): FailedRequests {
    const failures = new FailedRequests();
    if (snapshot === undefined) return failures;
    Object.assign(failures.last, structuredClone(snapshot.last));
    failures.requests.push(...structuredClone(snapshot.requests));
    failures.count = failures.requests.length;
    failures.next = failures.count % CAPACITY;
    return failures;
  }

  private add(record: TrapRecord, reply: Delivery): void {
    if (this.count === 0) this.next = 0;
    const entry = this.requests[this.next] ??= { request: [], answer: noAnswer() };
    setRequest(entry.request, record);
    setAnswer(entry.answer, record, reply);
    this.next = (this.next + 1) % CAPACITY;
    if (this.count < CAPACITY) this.count++;
  }
}

/** The direct reply of the kernel to the invoker. */
export function errorReply(record: TrapRecord): Delivery | undefined {
  for (let i = 0; i < record.deliveryCount; i++) {
    const delivery = record.deliveries[i]!;
    if (delivery.kind === DELIVERY.reply && delivery.thread === record.thread) return delivery;
  }
  return undefined;
}

/** Whether an error reply is the same as an earlier one: tag and words. */
export function isSameAnswer({ tagLo, tagHi, words }: ErrorAnswer, reply: Delivery): boolean {
  return tagLo === reply.tagLo && tagHi === reply.tagHi && words.length === 2 * Math.min(reply.wordCount, tagLength(reply.tagLo)) && startsWith(words, 0, reply.words, words.length);
}

function noAnswer(): ErrorAnswer {
  return { seq: 0, tagLo: 0, tagHi: 0, words: [] };
}

function setAnswer(answer: ErrorAnswer, { seq }: TrapRecord, { tagLo, tagHi, words, wordCount }: Delivery): void {
  answer.seq = seq;
  answer.tagLo = tagLo;
  answer.tagHi = tagHi;
  answer.words.length = 0;
  append(answer.words, words, 2 * Math.min(wordCount, tagLength(tagLo)));
}

function setRequest(request: number[], record: TrapRecord): void {
  request.length = 0;
  request.push(record.thread, record.syscall, record.cptrLo, record.cptrHi, record.tagLo, record.tagHi, record.bufferKind, record.wordCount, record.capCount);
  append(request, record.words, 2 * record.wordCount);
  append(request, record.caps, 2 * record.capCount);
}

function isRequestOf(record: TrapRecord, request: readonly number[]): boolean {
  const [thread, syscall, cptrLo, cptrHi, tagLo, tagHi, bufferKind, wordCount, capCount] = request;
  return cptrLo === record.cptrLo && tagLo === record.tagLo && thread === record.thread && syscall === record.syscall &&
    cptrHi === record.cptrHi && tagHi === record.tagHi && bufferKind === record.bufferKind &&
    wordCount === record.wordCount && capCount === record.capCount &&
    startsWith(request, HEAD, record.words, 2 * wordCount) && startsWith(request, HEAD + 2 * wordCount, record.caps, 2 * capCount);
}

function append(row: number[], lanes: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) row.push(lanes[i]!);
}

function startsWith(row: readonly number[], at: number, lanes: Uint32Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (row[at + i] !== lanes[i]) return false;
  return true;
}
