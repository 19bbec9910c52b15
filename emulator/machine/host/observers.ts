// SPDX-License-Identifier: BSD-2-Clause
import type { KernelObserver } from '../../host.ts';

/** Several observers as one. */
export class Observers implements KernelObserver {
  private readonly all: KernelObserver[] = [];

  add(observer: KernelObserver): void {
    this.all.push(observer);
  }

  subject(id: number, capType: number, name: string): void {
    for (const each of this.all) each.subject(id, capType, name);
  }

  destroyed(id: number): void {
    for (const each of this.all) each.destroyed(id);
  }

  entry(cause: number, thread: number, time: number): void {
    for (const each of this.all) each.entry(cause, thread, time);
  }

  invocation(capType: number, object: number, method: number): void {
    for (const each of this.all) each.invocation(capType, object, method);
  }

  delivery(thread: number, kind: number): void {
    for (const each of this.all) each.delivery(thread, kind);
  }

  slotWritten(thread: number, slot: number): void {
    for (const each of this.all) each.slotWritten(thread, slot);
  }

  bufferWordWritten(thread: number, index: number): void {
    for (const each of this.all) each.bufferWordWritten(thread, index);
  }

  stateWritten(thread: number, from: number, to: number): void {
    for (const each of this.all) each.stateWritten(thread, from, to);
  }

  orphaned(thread: number): void {
    for (const each of this.all) each.orphaned(thread);
  }

  faulted(thread: number, label: number): void {
    for (const each of this.all) each.faulted(thread, label);
  }

  strayAccess(kind: number, addressLo: number, addressHi: number, pcLo: number, pcHi: number): void {
    for (const each of this.all) each.strayAccess(kind, addressLo, addressHi, pcLo, pcHi);
  }

  preempted(): void {
    for (const each of this.all) each.preempted();
  }

  outOfBudget(): void {
    for (const each of this.all) each.outOfBudget();
  }

  yieldPending(thread: number, pending: boolean): void {
    for (const each of this.all) each.yieldPending(thread, pending);
  }

  exit(next: number, time: number, consumed: number, budget: number): void {
    for (const each of this.all) each.exit(next, time, consumed, budget);
  }
}
