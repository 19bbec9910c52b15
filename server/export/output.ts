// SPDX-License-Identifier: BSD-2-Clause
/**
 * Files and directories that appear whole or not at all: written under another name beside the place where they are to be,
 * and renamed when they are complete.
 */
import { closeSync, existsSync, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Why an export could not be written. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly fault: 'exists' | 'full' | 'not-writable';

  constructor(fault: OutputError['fault'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** What an error of the file system means for the one who waits for `path`. Errors of other kinds pass unchanged. */
export function asOutputError(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof OutputError || typeof code !== 'string') return error;
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return new OutputError('full', `no room left to write ${path} (${code}); nothing was kept`, { cause: error });
  return new OutputError('not-writable', `cannot write ${path} (${message})`, { cause: error });
}

/** A file in the making. */
export class OutputFile {
  readonly path: string;
  private readonly shownAs: string;
  private readonly temporary: string;
  private descriptor: number | undefined;

  /**
   * @param force replace a file that exists. Throws an OutputError.
   * @param shownAs what errors call it
   */
  constructor(path: string, force: boolean, shownAs = path) {
    this.path = path;
    this.shownAs = shownAs;
    this.temporary = temporaryName(path);
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) throw new OutputError('exists', `${path} is there and is no file`);
    if (there !== undefined && !force) throw new OutputError('exists', `${path} exists`);
    this.try(() => { this.descriptor = openSync(this.temporary, 'wx'); });
  }

  write(bytes: Uint8Array): void {
    this.try(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(this.descriptor!, bytes, done);
    });
  }

  /** Puts the complete file in its place. */
  commit(): void {
    this.try(() => {
      fsyncSync(this.descriptor!);
      this.close();
      renameSync(this.temporary, this.path);
    });
  }

  /** Leaves nothing behind; does nothing after `commit`. */
  discard(): void {
    this.close();
    rmSync(this.temporary, { force: true });
  }

  private close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private try(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw asOutputError(error, this.shownAs);
    }
  }
}

/** A directory in the making. */
export class OutputDirectory {
  readonly path: string;
  private readonly temporary: string;
  private readonly names: readonly string[];
  private readonly files: OutputFile[] = [];

  /**
   * @param names of the files that it will have
   * @param force replace a directory that exists and has no other files than these. Throws an OutputError.
   */
  constructor(path: string, names: readonly string[], force: boolean) {
    this.path = path;
    this.names = names;
    this.temporary = temporaryName(path);
    if (existsSync(path)) {
      if (!force) throw new OutputError('exists', `${path} exists`);
      this.checkReplaceable();
    }
    try {
      mkdirSync(this.temporary);
    } catch (error) {
      throw asOutputError(error, path);
    }
  }

  file(name: string): OutputFile {
    const file = new OutputFile(join(this.temporary, name), false, this.path);
    this.files.push(file);
    return file;
  }

  /** Puts the directory in its place with all its files, which are complete. */
  commit(): void {
    try {
      for (const file of this.files) file.commit();
      if (existsSync(this.path)) {
        this.checkReplaceable();
        rmSync(this.path, { recursive: true });
      }
      renameSync(this.temporary, this.path);
    } catch (error) {
      throw asOutputError(error, this.path);
    }
  }

  /** Leaves nothing behind; does nothing after `commit`. */
  discard(): void {
    for (const file of this.files) file.discard();
    rmSync(this.temporary, { recursive: true, force: true });
  }

  private checkReplaceable(): void {
    if (!lstatSync(this.path).isDirectory()) throw new OutputError('exists', `${this.path} is there and is no directory`);
    const others = readdirSync(this.path).filter((name) => !this.names.includes(name));
    if (others.length > 0) throw new OutputError('exists', `${this.path} has other files too (${others[0]}), and is not replaced`);
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
}
