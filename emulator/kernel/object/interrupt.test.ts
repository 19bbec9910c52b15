// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, RIGHTS, type WordLike } from '../../../schema/abi/index.ts';
import type { IrqHandlerCap } from '../capability.ts';
import { deleteSlot } from '../cspace/delete.ts';
import { insertDerived, insertRoot } from '../cspace/derivation.ts';
import { maskRights } from '../cspace/derive.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, errorWords, place, request, run } from '../testing.ts';
import { decodeIrqControl, decodeIrqHandler } from './interrupt.ts';

const DEPTH = 64;

function setUp() {
  const kernel = bareKernel('mcs');
  const { cnode, root } = bareCSpace(kernel);
  const slot = (i: number): Slot => cnode.slot(i);
  insertRoot(slot(0), { type: CAP_TYPE.IRQControl, object: null });
  const control = (method: string, words: WordLike[], extras: Slot[] = [root]) => run(kernel, decodeIrqControl, request(kernel, slot(0), method, words, extras));
  const get = (irq: WordLike, to: number, depth = DEPTH) => control('IRQIssueIRQHandler', [irq, to, depth]);
  const handler = (at: number, method: string, extras: Slot[] = []) => run(kernel, decodeIrqHandler, request(kernel, slot(at), method, [], extras));
  const line = (at: number) => (slot(at).cap as IrqHandlerCap).object;
  return { kernel, slot, control, get, handler, line };
}

describe('IRQControl', () => {
  it('issues a handler once, until its last capability is gone', () => {
    const { kernel, slot, get, line } = setUp();
    expect(get(5, 1)).toBe('done');
    expect(line(1)).toMatchObject({ irq: 5, active: true });
    expect(slot(1).parent).toBe(slot(0));
    expect(errorWords(get(5, 2)).error).toBe('RevokeFirst');
    insertDerived(slot(2), slot(1).cap, slot(1));
    deleteSlot(kernel, slot(1));
    expect(errorWords(get(5, 1)).error).toBe('RevokeFirst');
    deleteSlot(kernel, slot(2));
    expect(get(5, 1)).toBe('done');
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('checks message, number, issue, destination, in this order', () => {
    const { control, get, slot } = setUp();
    expect(errorWords(control('IRQAckIRQ', [])).error).toBe('IllegalOperation');
    expect(errorWords(control('IRQIssueIRQHandler', [0, 1])).error).toBe('TruncatedMessage');
    expect(errorWords(control('IRQIssueIRQHandler', [0, 1, DEPTH], [])).error).toBe('TruncatedMessage');
    for (const irq of [0, 97, 2 ** 32 + 5]) expect(errorWords(get(irq, 0, 65))).toEqual({ error: 'RangeError', words: [1n, 96n] });
    expect(errorWords(get(96, 0, 65)).error).toBe('RevokeFirst');
    expect(errorWords(get(95, 0, 65))).toEqual({ error: 'RangeError', words: [1n, 64n] });
    expect(errorWords(get(95, 0)).error).toBe('DeleteFirst');
    expect(errorWords(control('IRQIssueIRQHandler', [5, 1, DEPTH], [slot(0)]))).toEqual({ error: 'FailedLookup', words: [0n, 1n] });
  });

  it('issues handlers with any trigger, in the same order of checks', () => {
    const { control } = setUp();
    expect(errorWords(control('RISCVIRQIssueIRQHandlerTrigger', [5, 1, 1])).error).toBe('TruncatedMessage');
    expect(errorWords(control('RISCVIRQIssueIRQHandlerTrigger', [97, 1, 0, 65]))).toEqual({ error: 'RangeError', words: [1n, 96n] });
    expect(errorWords(control('RISCVIRQIssueIRQHandlerTrigger', [96, 1, 0, 65])).error).toBe('RevokeFirst');
    expect(errorWords(control('RISCVIRQIssueIRQHandlerTrigger', [5, 7, 0, 65]))).toEqual({ error: 'RangeError', words: [1n, 64n] });
  });
});

describe('IRQHandler', () => {
  it('sets, replaces and clears its notification', () => {
    const { kernel, slot, get, handler, line } = setUp();
    get(5, 1);
    const [first, second] = [2, 3].map((i) => place(kernel, slot(i), 'Notification', 0, 0x8000_0000 + 64 * i));
    expect(handler(1, 'IRQSetIRQHandler', [slot(2)])).toBe('done');
    expect(line(1).notificationSlot.cap).toBe(first);
    handler(1, 'IRQSetIRQHandler', [slot(3)]);
    expect(line(1).notificationSlot).toMatchObject({ cap: second, parent: slot(3) });
    expect(checkCSpace(kernel)).toEqual([]);
    expect(handler(1, 'IRQClearIRQHandler')).toBe('done');
    expect(line(1).notificationSlot.cap.type).toBe(CAP_TYPE.Null);
    expect(handler(1, 'IRQClearIRQHandler')).toBe('done');
  });

  it('wants a notification that it may signal; the error names the invoked capability', () => {
    const { kernel, slot, get, handler } = setUp();
    get(5, 1);
    const cap = place(kernel, slot(2), 'Notification');
    insertDerived(slot(3), maskRights(cap, RIGHTS.read), slot(2));
    expect(errorWords(handler(1, 'IRQSetIRQHandler')).error).toBe('TruncatedMessage');
    for (const i of [0, 3]) expect(errorWords(handler(1, 'IRQSetIRQHandler', [slot(i)]))).toEqual({ error: 'InvalidCapability', words: [0n] });
  });

  it('lets the line interrupt again when it is acknowledged', () => {
    const { kernel, get, handler } = setUp();
    get(5, 1);
    const { interrupts } = kernel.board;
    interrupts.completion = 'byAck';
    interrupts.drive(5, true);
    expect(interrupts.claim()).toBe(5);
    expect(interrupts.signalled).toBe(false);
    expect(handler(1, 'IRQAckIRQ')).toBe('done');
    expect(interrupts.signalled).toBe(true);
    expect(errorWords(handler(1, 'CNodeCopy')).error).toBe('IllegalOperation');
  });

  it('loses its notification with its last capability', () => {
    const { kernel, slot, get, handler, line } = setUp();
    get(5, 1);
    const cap = place(kernel, slot(2), 'Notification');
    handler(1, 'IRQSetIRQHandler', [slot(2)]);
    const dead = line(1);
    deleteSlot(kernel, slot(2));
    expect(cap.object!.alive).toBe(true);
    deleteSlot(kernel, slot(1));
    expect([cap.object!.alive, dead.alive, dead.active, kernel.irqLines.size]).toEqual([false, false, false, 0]);
    expect(checkCSpace(kernel)).toEqual([]);
  });
});
