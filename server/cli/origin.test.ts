// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/fixture.ts';
import { commitOf } from './origin.ts';

it('is the commit of the file\'s working tree, and says when it is not what was committed', async () => {
  const folder = temporaryDirectory();
  const git = (...parameters: string[]): string => execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...parameters], { encoding: 'utf8' }).trim();
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  git('init', '--quiet');
  const program = write('program.ts', 'one');
  expect(await commitOf(program)).toBe('');
  const other = write('other.ts', 'one');
  write('.gitignore', 'built/\n');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  const head = git('rev-parse', 'HEAD');
  expect(await commitOf(program)).toBe(head);
  write('notes.txt', 'not tracked, and not the program');
  expect(await commitOf(program)).toBe(head);
  expect(await commitOf(join(folder, 'notes.txt'))).toBe(`${head}-dirty`);
  mkdirSync(join(folder, 'built'));
  expect(await commitOf(write('built/image', ''))).toBe('');
  writeFileSync(other, 'two');
  expect(await commitOf(program)).toBe(`${head}-dirty`);
});

it('is empty where there is no working tree', async () => {
  expect(await commitOf(join(temporaryDirectory(), 'program.ts'))).toBe('');
  expect(await commitOf(join(temporaryDirectory(), 'nowhere', 'program.ts'))).toBe('');
});
