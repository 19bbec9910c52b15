// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { compiledCore } from './compile.ts';

/** Name of the compiled core beside this module in the built package. */
export const CORE_FILE = 'core.wasm';

let module: WebAssembly.Module | undefined;

/** The core, compiled once for the process. */
export function coreModule(): WebAssembly.Module {
  // In the sources there is no compiled core beside this module.
  module ??= new WebAssembly.Module(import.meta.url.endsWith('.js') ? readFileSync(new URL(CORE_FILE, import.meta.url)) : compiledCore());
  return module;
}
