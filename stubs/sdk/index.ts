// SPDX-License-Identifier: BSD-2-Clause
/** What a user program wants on top of the stubs: objects, memory, threads. */
export { AddressAllocator, DEFAULT_FIRST_ADDRESS, mapFrame } from './address-space.ts';
export * from './classic.ts';
export { DeviceAllocator } from './device-memory.ts';
export * from './ipc.ts';
export type * from './kernel-objects.ts';
export * from './mcs.ts';
export * from './slot-allocator.ts';
export * from './task-resources.ts';
export * from './task-thread.ts';
export * from './thread-memory.ts';
export * from './untyped-allocator.ts';
