// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/fixture.ts';
import { asOutputError, OutputDirectory, OutputError, OutputFile } from './output.ts';

const fault = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(OutputError);
    return (error as OutputError).fault;
  }
  return 'none';
};

describe('an output file', () => {
  it('appears when it is complete', () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'a.csv');
    const file = new OutputFile(path, false);
    file.write(Buffer.from('one '));
    file.write(Buffer.from('two'));
    expect(readdirSync(folder)).not.toContain('a.csv');
    file.commit();
    file.discard();
    expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['a.csv'], 'one two']);
  });

  it('leaves nothing behind when it is given up', () => {
    const folder = temporaryDirectory();
    const file = new OutputFile(join(folder, 'a.csv'), false);
    file.write(Buffer.from('one'));
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('replaces a file only when it is told to, and no directory', () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'a.csv');
    writeFileSync(path, 'old');
    expect(fault(() => new OutputFile(path, false))).toBe('exists');
    expect(fault(() => new OutputFile(folder, true))).toBe('exists');
    const file = new OutputFile(path, true);
    file.write(Buffer.from('new'));
    expect(readFileSync(path, 'utf8')).toBe('old');
    file.commit();
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('says that a place cannot be written', () => {
    expect(fault(() => new OutputFile(join(temporaryDirectory(), 'missing', 'a.csv'), false))).toBe('not-writable');
  });
});

describe('an output directory', () => {
  it('appears with all its files', () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'trace');
    const directory = new OutputDirectory(path, ['a', 'b'], false);
    directory.file('a').write(Buffer.from('1'));
    directory.file('b').write(Buffer.from('2'));
    expect(readdirSync(folder)).not.toContain('trace');
    directory.commit();
    directory.discard();
    expect([readdirSync(folder), readdirSync(path).sort(), readFileSync(join(path, 'b'), 'utf8')]).toEqual([['trace'], ['a', 'b'], '2']);
  });

  it('leaves nothing behind when it is given up', () => {
    const folder = temporaryDirectory();
    const directory = new OutputDirectory(join(folder, 'trace'), ['a'], false);
    directory.file('a').write(Buffer.from('1'));
    directory.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('replaces only a directory that has nothing but files of its kind', () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'trace');
    mkdirSync(path);
    writeFileSync(join(path, 'a'), 'old');
    expect(fault(() => new OutputDirectory(path, ['a'], false))).toBe('exists');
    writeFileSync(join(path, 'thesis.tex'), 'years');
    expect(fault(() => new OutputDirectory(path, ['a'], true))).toBe('exists');
    symlinkSync(folder, join(folder, 'link'));
    expect(fault(() => new OutputDirectory(join(folder, 'link'), ['a', 'link', 'trace'], true))).toBe('exists');
    expect(readFileSync(join(path, 'thesis.tex'), 'utf8')).toBe('years');
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'a'), 'old');
    const directory = new OutputDirectory(other, ['a'], true);
    directory.file('a').write(Buffer.from('new'));
    directory.commit();
    expect(readFileSync(join(other, 'a'), 'utf8')).toBe('new');
  });
});

describe('what the file system says', () => {
  it.each([['ENOSPC', 'full'], ['EDQUOT', 'full'], ['EACCES', 'not-writable'], ['EROFS', 'not-writable']])('%s is %s', (code, expected) => {
    expect(asOutputError(Object.assign(new Error('said'), { code }), 'a.csv')).toMatchObject({ fault: expected, message: expect.stringContaining('a.csv') as string });
  });

  it('leaves errors of other kinds as they are', () => {
    const error = new RangeError('other');
    expect(asOutputError(error, 'a.csv')).toBe(error);
  });
});
