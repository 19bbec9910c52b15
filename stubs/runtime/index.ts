// SPDX-License-Identifier: BSD-2-Clause
/** The runtime under the generated stubs: what they import, and what a program needs of it. */
export type { WordLike } from '../../schema/abi/word.ts';
export * from './capability.ts';
export * from './debug-syscalls.ts';
export * from './kernel-error.ts';
export type { KernelRequest } from './kernel-request.ts';
export { MR0, MR1, MR2, MR3 } from './lanes.ts';
export * from './marshal.ts';
export * from './message.ts';
export type { FaultMessage, MessageRegisters } from './message-registers.ts';
export * from './method-descriptor.ts';
export * from './reply-policy.ts';
export * from './result.ts';
export * from './rights.ts';
export * from './syscalls.ts';
export * from './thread-runtime.ts';
export type * from './user-context.ts';
