// SPDX-License-Identifier: BSD-2-Clause
/** Puts the compiled core where the built package looks for it. */
import { writeFileSync } from 'node:fs';
import { compiledCore } from './compile.ts';
import { CORE_FILE } from './core-module.ts';

writeFileSync(new URL(CORE_FILE, import.meta.url), compiledCore());
