// SPDX-License-Identifier: BSD-2-Clause
export * from './word.ts';
export * from './message-info.ts';
export * from './syscalls.ts';
export * from './registers.ts';
export * from './ipc-buffer.ts';
export * from './errors.ts';
export * from './faults.ts';
export * from './thread-state.ts';
export * from './cap-types.ts';
export * from './objects.ts';
export * from './boot-info.ts';
export * from './releases.ts';
