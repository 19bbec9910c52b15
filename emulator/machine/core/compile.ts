// SPDX-License-Identifier: BSD-2-Clause
/** Compiles the assembly. For the build, and for whoever runs the sources; the built package carries the result. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedModule } from './generate.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
/** Root of the package, from here in the sources or in `dist`. */
const ROOT = join(HERE, import.meta.url.endsWith('.js') ? '../../../..' : '../../..');
const ASSEMBLY = join(ROOT, 'emulator', 'machine', 'core', 'assembly');
const CACHE = join(ROOT, 'node_modules', '.cache', 'sel4scope');
const OPTIONS = ['-O3', '--runtime', 'stub', '--importMemory', '--noAssert'];

/** The core as WebAssembly: from the cache, or compiled now. Throws with the compiler's messages. */
export function compiledCore(): Uint8Array {
  const { resolve } = createRequire(import.meta.url);
  const compiler = dirname(resolve('assemblyscript/package.json'));
  const sources = readdirSync(ASSEMBLY).filter((name) => name.endsWith('.ts')).sort()
    .map((name) => [name, readFileSync(join(ASSEMBLY, name), 'utf8')] as const);
  const files = [...sources, ['generated.ts', generatedModule()] as const];
  const version = readFileSync(join(compiler, 'package.json'), 'utf8');
  const hash = createHash('sha256').update(JSON.stringify([OPTIONS, version, files])).digest('hex').slice(0, 16);
  const cached = join(CACHE, `core-${hash}.wasm`);
  try {
    return readFileSync(cached);
  } catch {
    mkdirSync(CACHE, { recursive: true });
    compile(join(compiler, 'bin', 'asc.js'), files, cached);
    return readFileSync(cached);
  }
}

function compile(compiler: string, files: readonly (readonly [string, string])[], output: string): void {
  const directory = mkdtempSync(join(CACHE, 'build-'));
  try {
    for (const [name, text] of files) writeFileSync(join(directory, name), text);
    const result = spawnSync(process.execPath, [compiler, 'index.ts', ...OPTIONS, '-o', 'core.wasm'], { cwd: directory, encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`the core does not compile:\n${result.stderr}${result.stdout}`);
    // Whole or not at all, whoever else compiles at the same time.
    renameSync(join(directory, 'core.wasm'), output);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
