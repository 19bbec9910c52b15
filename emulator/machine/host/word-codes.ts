// SPDX-License-Identifier: BSD-2-Clause
/** Codes of watched words: what a word is, and whose. The low byte is the kind, the rest the number of the owner. */

/** Kinds of words. Context slots have their own number plus {@link WORD.slot}, IPC buffer words theirs plus {@link WORD.buffer}. */
export const WORD = Object.freeze({
  /** Owner: a thread id. */
  slot: 1,
  state: 40,
  fault: 41,
  yieldTo: 42,
  /** What decides about the thread's IPC buffer: the capability's words and the address. */
  bufferPlace: 43,
  /** Classic: the link to the reply capability in the thread's own slot. */
  replyLink: 44,
  /** Debug kernels: links of the list of all threads, and the start of the name. */
  listLink: 45,
  name: 46,
  /** Owner: none. Variables of the kernel. */
  workUnits: 50,
  currentFault: 51,
  threadList: 52,
  /** Owner: number of a buffer. */
  buffer: 64,
  end: 192,
});

const KIND_BITS = 8;

export function wordCode(kind: number, owner: number): number {
  return (owner << KIND_BITS) | kind;
}

export function kindOfCode(code: number): number {
  return code & 0xff;
}

export function ownerOfCode(code: number): number {
  return code >>> KIND_BITS;
}
