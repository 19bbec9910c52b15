// SPDX-License-Identifier: BSD-2-Clause
/** Where a run comes from: what the history of runs is searched and grouped by. */
import { execFile } from 'node:child_process';
import { basename, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { RunDescription } from '../../schema/trace/names.ts';

export type Origin = Pick<RunDescription, 'release' | 'commit' | 'tags'>;

/** A working tree on a file system that hangs must not keep a run from starting, ms. */
const GIT_TIMEOUT = 5000;

/**
 * Commit of the working tree that a file is in, `-dirty` behind it when tracked files or the file itself differ from it.
 * Empty without git, outside of a working tree, and for files that the tree ignores: what a build makes says nothing of its origin.
 */
export async function commitOf(file: string): Promise<string> {
  const path = resolve(file);
  const [folder, name] = [dirname(path), basename(path)];
  const head = await git(folder, ['rev-parse', '--verify', 'HEAD']);
  if (head === undefined || await git(folder, ['check-ignore', '--quiet', '--', name]) !== undefined) return '';
  const changed = await git(folder, ['status', '--porcelain', '--untracked-files=no']);
  const own = await git(folder, ['status', '--porcelain', '--', name]);
  return `${head}${changed === '' && own === '' ? '' : '-dirty'}`;
}

/** What a git command prints; undefined when it fails. Never runs what the configuration of the tree says. */
async function git(folder: string, parameters: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-c', 'core.fsmonitor=false', '-C', folder, ...parameters], {
      timeout: GIT_TIMEOUT, env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
