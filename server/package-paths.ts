// SPDX-License-Identifier: BSD-2-Clause
/** Where things lie, whether this module runs as source (`server/`) or built (`dist/server/`). */

const BUILT = import.meta.url.endsWith('.js');
const ROOT = new URL(BUILT ? '../../' : '../', import.meta.url);

/** A file of the package, by its path from the package's root. */
export function packageFile(path: string): URL {
  return new URL(path, ROOT);
}

/**
 * A module that a worker thread can load, by its path in the source tree (`server/ingest/worker.ts`). Node 20 threads
 * run JavaScript, so it is the built one, also when this process runs the sources (tests).
 */
export function workerModule(sourcePath: string): URL {
  return packageFile(`dist/${sourcePath.replace(/\.ts$/, '.js')}`);
}
