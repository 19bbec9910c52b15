// SPDX-License-Identifier: BSD-2-Clause
import { WasmHart } from '../core/wasm-hart.ts';
import type { Bus, Hart } from '../hart/hart.ts';
import { TypeScriptHart } from '../hart/typescript-hart.ts';
import type { SparseMemory } from '../memory/sparse-memory.ts';
import { HART_NAMES, type HartName } from './hart-names.ts';

export { HART_NAMES, type HartName };

/** A hart over a memory and a bus, as after reset. */
export function createHart(name: HartName, memory: SparseMemory, bus: Bus): Hart {
  switch (name) {
    case 'wasm': return new WasmHart(memory, bus);
    case 'typescript': return new TypeScriptHart(memory, bus);
  }
}
