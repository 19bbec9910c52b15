// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync, statSync } from 'node:fs';
import { SafetyError } from './safety-error.ts';
import { parseTokens, type Token } from './tokens.ts';

/** Others may write; others may read. */
const WRITABLE = 0o022;
const READABLE = 0o004;

export interface TokenFile {
  readonly tokens: Token[];
  /** What the one who starts the service should know. */
  readonly warnings: string[];
}

/** Reads a token file. Throws a {@link SafetyError} when it cannot be read, is malformed, or others could add a token to it. */
export function readTokenFile(file: string): TokenFile {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(file, 'utf8');
    // Systems without modes say that everybody may do everything.
    mode = process.platform === 'win32' ? 0 : statSync(file).mode;
  } catch (error) {
    throw new SafetyError(`the token file cannot be read: ${(error as Error).message}`);
  }
  if ((mode & WRITABLE) !== 0) throw new SafetyError(`others than its owner can write ${file}, and so let themselves in`, `chmod 600 ${file}`);
  const warnings = (mode & READABLE) === 0 ? [] : [`everybody on this machine can read ${file}; chmod 600 is enough for the service`];
  return { tokens: parseTokens(text, file), warnings };
}
