// SPDX-License-Identifier: BSD-2-Clause
/** What a record knows of threads and memory besides their states, in words. */
import type { RecordDetail, StrayDetail, TransitionDetail } from './record-detail.ts';

export interface Note {
  /** A few words. */
  readonly text: string;
  /** One sentence. */
  readonly meaning: string;
  /** No correct kernel leaves a thread so. */
  readonly isWrong: boolean;
}

/** What is known of a thread at kernel exit, from its last transition. That the invoker could repeat its trap is no news. */
export function transitionNotes(transition: TransitionDetail, isInvoker: boolean): Note[] {
  const notes: Note[] = [];
  if (transition.destroyed) notes.push({ text: 'destroyed', meaning: 'The thread was destroyed in this trap.', isWrong: false });
  if (transition.pcBehind && !isInvoker) notes.push({ text: 'pc at the trap', meaning: 'Resumed by Restart, it would make its trap again.', isWrong: false });
  if (transition.faultRecorded) notes.push(faultNote(transition.to));
  if (transition.orphaned) {
    notes.push({ text: 'nobody can answer it', meaning: 'It waits for a reply, and no reply object or reply capability leads to it any more.', isWrong: false });
  }
  if (transition.misqueued) {
    notes.push({
      text: 'in a queue where it does not belong', isWrong: true,
      meaning: 'A queue of the scheduler holds it although it cannot run from there: it is blocked, has no scheduling context, or stands in two queues.',
    });
  }
  return notes;
}

function faultNote(state: TransitionDetail['to']): Note {
  if (state === 'BlockedOnSend') return { text: 'its fault waits for the handler', meaning: 'The fault message is queued, and the thread goes on when the handler answers it.', isWrong: false };
  if (state === 'BlockedOnReply') return { text: 'its fault waits for an answer', meaning: 'The handler has the fault message, and the thread goes on when it is answered.', isWrong: false };
  if (state === 'Inactive') return { text: 'its fault was not answered', meaning: 'The thread was stopped, and the fault is still recorded.', isWrong: false };
  return { text: 'its fault is still recorded', meaning: 'The thread may go on, but what it sends next can arrive as that old fault.', isWrong: true };
}

/** The last transition of each thread, in the order in which the threads were touched first. */
export function lastTransitions({ transitions }: Pick<RecordDetail, 'transitions'>): Map<number, TransitionDetail> {
  return new Map(transitions.map((transition) => [transition.thread.id, transition]));
}

const STRAYS: Readonly<Record<StrayDetail['kind'], string>> = {
  deniedBuffer: 'the kernel wrote an IPC buffer that it must not write',
  foreignMemory: 'the kernel wrote user memory outside the IPC buffer of the receiver',
  userAddress: 'the kernel followed a pointer to user memory',
};

/** E.g. `the kernel followed a pointer to user memory at 0x18 (kernel pc 0xffffffff84001234)`. */
export function strayText({ kind, address, pc }: StrayDetail): string {
  const at = kind === 'userAddress' || address !== '0x0' ? ` at ${address}` : '';
  return `${STRAYS[kind]}${at}${pc === '0x0' ? '' : ` (kernel pc ${pc})`}`;
}
