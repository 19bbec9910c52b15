// SPDX-License-Identifier: BSD-2-Clause
/**
 * What a user program imports from `sel4scope`: the SDK, the runtime, and the classes of an MCS kernel. The classes
 * of a classic kernel are in `sel4scope/stubs/riscv64-classic`.
 */
export type { BootInfo, SlotRegion, UntypedDescription } from '../schema/abi/boot-info.ts';
export { generateAll, generateStubs, type GeneratedFile, type GenerateOptions } from './generate/generate.ts';
export * from './generated/riscv64-mcs.ts';
export * from './runtime/index.ts';
export * from './sdk/index.ts';
