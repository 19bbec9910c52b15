// SPDX-License-Identifier: BSD-2-Clause
import { CONTEXT_SLOTS, IPC_BUFFER_WORDS } from '../../../schema/abi/index.ts';
import { Capability } from '../image/capability.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { listedTcbs, pointerAt } from '../image/thread-list.ts';
import type { SparseMemory } from '../memory/sparse-memory.ts';
import type { ObjectTable } from './object-table.ts';
import { ObservedThread } from './observed-thread.ts';
import type { WatchedWords } from './watched-words.ts';
import { WORD, wordCode } from './word-codes.ts';

/** An IPC buffer that is watched, and the threads that have it; more than one where threads share a buffer. */
export interface WatchedBuffer {
  readonly place: number;
  readonly threads: ObservedThread[];
}

/** How a kernel that prints names calls threads that nobody named. */
const UNNAMED = "child of: '";

/** The threads that are known, and the watching of their control blocks and IPC buffers. */
export class ThreadTable {
  private readonly memory: SparseMemory;
  private readonly image: KernelImage;
  private readonly objects: ObjectTable;
  private readonly words: WatchedWords;
  private readonly cap: Capability;
  private readonly byTcb = new Map<number, ObservedThread>();
  private readonly byId: (ObservedThread | undefined)[] = [];
  /** What was asked for last by its TCB: mostly the running thread. */
  private last: ObservedThread | undefined;
  /** Threads that the current trap destroyed. */
  private readonly gone = new Map<number, ObservedThread>();
  private readonly buffers: (WatchedBuffer | undefined)[] = [undefined];
  private readonly bufferAt = new Map<number, number>();
  /** The idle thread is nobody's. */
  private readonly idle: () => number;

  constructor(memory: SparseMemory, image: KernelImage, objects: ObjectTable, words: WatchedWords) {
    this.memory = memory;
    this.image = image;
    this.objects = objects;
    this.words = words;
    this.cap = new Capability(image);
    this.idle = () => pointerAt(memory, image.globals.idleThread);
  }

  get(id: number): ObservedThread | undefined {
    return this.byId[id];
  }

  /** As {@link get}; a thread that was destroyed in the current trap is still found. */
  getOrGone(id: number): ObservedThread | undefined {
    return this.byId[id] ?? this.gone.get(id);
  }

  /** A trap begins: what the last one destroyed is forgotten. */
  forgetGone(): void {
    if (this.gone.size > 0) this.gone.clear();
  }

  /** The thread of a TCB, found now if it was not known; undefined for the idle thread and for no TCB. */
  at(tcb: number): ObservedThread | undefined {
    if (this.last?.tcb === tcb) return this.last;
    this.last = this.byTcb.get(tcb) ?? (tcb === this.idle() || !this.memory.contains(tcb, 8) ? undefined : this.add(tcb));
    return this.last;
  }

  known(tcb: number): ObservedThread | undefined {
    return this.byTcb.get(tcb);
  }

  *all(): Iterable<ObservedThread> {
    yield* this.byTcb.values();
  }

  buffer(number: number): WatchedBuffer | undefined {
    return this.buffers[number];
  }

  /**
   * Reads the list of all threads of a debug kernel. Threads that are new are added; returns those that are gone, which
   * stay known until {@link remove}.
   */
  compareWithList(): ObservedThread[] {
    // Another kind of kernel keeps no list: nobody can be missing from it.
    if (this.image.globals.debugTcbs === undefined) return [];
    const gone = new Set(this.byTcb.values());
    for (const tcb of listedTcbs(this.memory, this.image)) {
      const thread = this.at(tcb);
      if (thread !== undefined) gone.delete(thread);
    }
    return [...gone];
  }

  /** A thread was destroyed. */
  remove(thread: ObservedThread): void {
    this.leaveBuffer(thread);
    this.watchControlBlock(thread, false);
    this.byTcb.delete(thread.tcb);
    if (this.last === thread) this.last = undefined;
    this.byId[thread.id] = undefined;
    this.gone.set(thread.id, thread);
    this.objects.threadDestroyed(thread.tcb);
  }

  /** Tells observers the name that a debug kernel has for a thread. */
  readName(thread: ObservedThread): void {
    const name = thread.debugName;
    if (name !== '' && !name.startsWith(UNNAMED)) this.objects.rename(thread.id, name);
  }

  /** Looks where the thread's IPC buffer is now, and watches it. */
  readBuffer(thread: ObservedThread): void {
    const place = thread.bufferPlace;
    if (place === this.buffers[thread.buffer]?.place) return;
    this.leaveBuffer(thread);
    if (place === undefined) return;
    let number = this.bufferAt.get(place);
    if (number === undefined) {
      number = this.buffers.push({ place, threads: [] }) - 1;
      this.bufferAt.set(place, number);
      for (let i = 0; i < IPC_BUFFER_WORDS; i++) this.words.set(place + 8 * i, wordCode(WORD.buffer + i, number));
    }
    this.buffers[number]!.threads.push(thread);
    thread.buffer = number;
  }

  private add(tcb: number): ObservedThread {
    const id = this.objects.threadAt(tcb);
    const thread = new ObservedThread(id, tcb, this.memory, this.image.layout, this.cap);
    this.byTcb.set(tcb, thread);
    // Ids of threads are far apart, but an array with holes is slow, and this one is looked at for each store.
    while (this.byId.length < id) this.byId.push(undefined);
    this.byId[id] = thread;
    this.watchControlBlock(thread, true);
    this.readName(thread);
    this.readBuffer(thread);
    return thread;
  }

  private leaveBuffer(thread: ObservedThread): void {
    const buffer = this.buffers[thread.buffer];
    if (buffer === undefined) return;
    buffer.threads.splice(buffer.threads.indexOf(thread), 1);
    if (buffer.threads.length === 0) {
      for (let i = 0; i < IPC_BUFFER_WORDS; i++) this.words.set(buffer.place + 8 * i, 0);
      this.buffers[thread.buffer] = undefined;
      this.bufferAt.delete(buffer.place);
    }
    thread.buffer = 0;
  }

  private watchControlBlock(thread: ObservedThread, watched: boolean): void {
    const { tcb: layout, slots } = this.image.layout;
    const set = (address: number, kind: number): void => this.words.set(address, watched ? wordCode(kind, thread.id) : 0);
    for (let i = 0; i < CONTEXT_SLOTS; i++) set(thread.tcb + layout.registers + 8 * i, WORD.slot + i);
    set(thread.tcb + layout.state, WORD.state);
    set(thread.tcb + layout.fault, WORD.fault);
    if (layout.yieldTo !== undefined) set(thread.tcb + layout.yieldTo, WORD.yieldTo);
    set(thread.tcb + layout.ipcBuffer, WORD.bufferPlace);
    set(thread.slot(slots.ipcBuffer), WORD.bufferPlace);
    set(thread.slot(slots.ipcBuffer) + 8, WORD.bufferPlace);
    if (slots.reply !== undefined) set(thread.slot(slots.reply) + 24, WORD.replyLink);
    if (layout.debug === undefined) return;
    set(thread.object + layout.debug.next, WORD.listLink);
    set(thread.object + layout.debug.previous, WORD.listLink);
    set(thread.object + layout.debug.name, WORD.name);
  }
}
