// SPDX-License-Identifier: BSD-2-Clause
/**
 * Layout of the IPC buffer on 64-bit machines, in words. Source: `seL4_IPCBuffer` in libsel4 and the
 * manual, "IPC Buffer". The kernel neither reads nor writes word 0.
 */
export const IPC_BUFFER = Object.freeze({
  tag: 0,
  /** Message word i is buffer word msg + i; words that travel in registers are not mirrored here by the kernel. */
  msg: 1,
  userData: 121,
  /** Capability pointers of extra caps on the way in, badges of unwrapped caps on the way out. */
  capsOrBadges: 122,
  receiveCNode: 125,
  receiveIndex: 126,
  receiveDepth: 127,
});

export const IPC_BUFFER_WORDS = 128;
/** Size and alignment of the buffer in bytes. */
export const IPC_BUFFER_BYTES = 1024;

/** What the kernel may do with a thread's IPC buffer: no usable frame, send from it only, or send and receive. */
export const BUFFER_KINDS = ['none', 'ro', 'rw'] as const;
export type BufferKind = (typeof BUFFER_KINDS)[number];
export const BUFFER_NONE = 0;
export const BUFFER_RO = 1;
export const BUFFER_RW = 2;
