// SPDX-License-Identifier: BSD-2-Clause
/** Bundles the page into one folder of static files that ask for nothing from elsewhere. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Root of the package, from the source of this module (`dashboards/`) or its built form (`dist/dashboards/`). */
const ROOT = fileURLToPath(new URL(import.meta.url.endsWith('.js') ? '../../' : '../', import.meta.url));
const PAGE = join(ROOT, 'dashboards', 'page');
/** Where the service finds the page. */
export const PUBLIC_DIRECTORY = join(ROOT, 'dist', 'dashboards', 'public');

/** Files that are served as they are. */
const STATIC_FILES = ['index.html', 'favicon.svg'];

/** Writes the page to `directory`, which is emptied first. Rejects with esbuild's messages when the source does not compile. */
export async function buildDashboard(directory: string = PUBLIC_DIRECTORY): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  await build({
    entryPoints: { main: join(PAGE, 'main.tsx'), style: join(PAGE, 'style.css') },
    outdir: directory,
    bundle: true,
    format: 'esm',
    target: ['es2022', 'chrome110', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  });
  for (const name of STATIC_FILES) cpSync(join(PAGE, name), join(directory, name));
  writeFileSync(join(directory, 'licenses.txt'), `The page contains preact:\n\n${preactLicense()}`);
}

function preactLicense(): string {
  const root = dirname(createRequire(import.meta.url).resolve('preact/package.json'));
  return readFileSync(join(root, 'LICENSE'), 'utf8');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildDashboard();
