// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { TransitionDetail } from './record-detail.ts';
import { lastTransitions, strayText, transitionNotes } from './record-text.ts';

function transition(changes: Partial<TransitionDetail> = {}): TransitionDetail {
  return {
    thread: { id: 2, name: 'client' }, from: 'Running', to: 'Running',
    pcBehind: false, destroyed: false, faultRecorded: false, orphaned: false, misqueued: false, ...changes,
  };
}

const texts = (changes: Partial<TransitionDetail>, isInvoker = false): string[] => transitionNotes(transition(changes), isInvoker).map(({ text }) => text);

describe('notes on a thread', () => {
  it('are none for a thread of which nothing is to be said', () => {
    expect(texts({})).toEqual([]);
  });

  it('say why a thread does not go on', () => {
    expect(texts({ to: 'BlockedOnReply', orphaned: true })).toEqual(['nobody can answer it']);
    expect(texts({ to: 'BlockedOnNotification', misqueued: true })).toEqual(['in a queue where it does not belong']);
    expect(texts({ to: 'Inactive', destroyed: true })).toEqual(['destroyed']);
  });

  it('say what the fault of a thread waits for, if it should wait', () => {
    expect(texts({ to: 'BlockedOnSend', faultRecorded: true })).toEqual(['its fault waits for the handler']);
    expect(texts({ to: 'BlockedOnReply', faultRecorded: true })).toEqual(['its fault waits for an answer']);
    expect(texts({ to: 'Inactive', faultRecorded: true })).toEqual(['its fault was not answered']);
    expect(transitionNotes(transition({ to: 'Restart', faultRecorded: true }), false)).toMatchObject([{ text: 'its fault is still recorded', isWrong: true }]);
  });

  it('leave out that the invoker is still at its trap', () => {
    expect(texts({ to: 'Inactive', pcBehind: true })).toEqual(['pc at the trap']);
    expect(texts({ to: 'BlockedOnSend', pcBehind: true }, true)).toEqual([]);
  });
});

it('the last transition of a thread is the one that counts', () => {
  const transitions = [transition({ to: 'Restart' }), transition({ thread: { id: 3, name: '' } }), transition({ from: 'Restart', to: 'Inactive' })];
  expect([...lastTransitions({ transitions })].map(([id, { to }]) => [id, to])).toEqual([[2, 'Inactive'], [3, 'Running']]);
});

it('strays have an address and a pc where those are known', () => {
  expect(strayText({ kind: 'userAddress', address: '0x0', pc: '0xffffffff84001234' })).toBe('the kernel followed a pointer to user memory at 0x0 (kernel pc 0xffffffff84001234)');
  expect(strayText({ kind: 'deniedBuffer', address: '0x0', pc: '0x0' })).toBe('the kernel wrote an IPC buffer that it must not write');
});
