// SPDX-License-Identifier: BSD-2-Clause
/**
 * Loads a user program: bundles its TypeScript with esbuild, resolves `sel4scope` to this installation wherever the
 * file lies, and imports the result.
 */
import { build, type Plugin } from 'esbuild';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Program } from '../../stubs/index.ts';
import { CommandError, EXIT } from './exit-codes.ts';

export interface LoadedProgram {
  /** File name without folders: shown as the run's program. */
  readonly name: string;
  readonly main: Program;
}

/** Imports of this package are left alone and point into this installation. */
const THIS_PACKAGE: Plugin = {
  name: 'sel4scope',
  setup(context) {
    context.onResolve({ filter: /^sel4scope(\/.*)?$/ }, (args) => ({ path: import.meta.resolve(args.path), external: true }));
  },
};

interface BuildFailure {
  readonly errors: readonly { readonly text: string; readonly location: { readonly file: string; readonly line: number; readonly column: number } | null }[];
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);
}

/** Throws a CommandError (exit 3) for a file that cannot be read, does not compile, or exports no program. */
export async function loadProgram(file: string): Promise<LoadedProgram> {
  const path = resolve(file);
  if (!existsSync(path)) throw new CommandError(EXIT.unreadable, `no such file: ${file}`);
  process.setSourceMapsEnabled(true);
  const folder = await mkdtemp(join(tmpdir(), 'sel4scope-'));
  try {
    const outfile = join(folder, `${basename(path).replace(/\.[cm]?[jt]sx?$/, '')}.mjs`);
    await build({
      entryPoints: [path], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20',
      sourcemap: 'inline', logLevel: 'silent', plugins: [THIS_PACKAGE],
    });
    const module = await import(pathToFileURL(outfile).href) as { readonly default?: unknown };
    if (typeof module.default !== 'function') {
      throw new CommandError(EXIT.unreadable, `${file} exports no program`,
        'write `export default async function main(task: RootTask) { … }`');
    }
    return { name: basename(path), main: module.default as Program };
  } catch (error) {
    throw describeFailure(file, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describeFailure(file: string, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (isBuildFailure(error)) {
    const lines = error.errors.map(({ text, location }) =>
      (location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`));
    return new CommandError(EXIT.unreadable, `${file} does not compile:\n${lines.join('\n')}`);
  }
  return new CommandError(EXIT.unreadable, `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
}
