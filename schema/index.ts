// SPDX-License-Identifier: BSD-2-Clause
export * from './abi/index.ts';
export type * from './idl/model.ts';
export * from './idl/interface-error.ts';
export * from './idl/configuration.ts';
export * from './idl/methods.ts';
export { readParameter, writeParameter } from './idl/pack.ts';
export * from './idl/describe.ts';
export { findInterfaceFiles, interfacesOf, loadInterfaces } from './idl/load.ts';
export * from './trace/trap-record.ts';
export type * from './trace/names.ts';
export type * from './trace/sink.ts';
export type * from './rules/rule.ts';
export * from './rules/reply-facts.ts';
export { checkReply } from './rules/reply.ts';
export * from './trace/batch.ts';
export * from './trace/wire.ts';
export * from './trace/plain.ts';
