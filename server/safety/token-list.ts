// SPDX-License-Identifier: BSD-2-Clause
/** The tokens that are good now: those of a file can change while the service runs. */
import { unwatchFile, watchFile } from 'node:fs';
import type { Caller } from '../access.ts';
import { readTokenFile } from './token-file.ts';
import type { Token } from './tokens.ts';

/** Time between two looks at a token file, ms. */
const LOOK_INTERVAL = 1000;

export class TokenList {
  private changing: readonly Token[];
  private readonly lasting: readonly Token[];
  private readonly listeners = new Set<() => void>();

  /** @param lasting tokens that {@link replace} leaves */
  constructor(tokens: readonly Token[], lasting: readonly Token[] = []) {
    this.changing = tokens;
    this.lasting = lasting;
  }

  get all(): readonly Token[] {
    return [...this.changing, ...this.lasting];
  }

  /** Puts others in the place of those that do not last. */
  replace(tokens: readonly Token[]): void {
    this.changing = tokens;
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` after each change, until what it returns is called. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  }

  /** Whether the token that a caller showed is still good for what it was good for. */
  stillHas(caller: Caller & Partial<Pick<Token, 'digest'>>): boolean {
    const token = this.all.find(({ name }) => name === caller.name);
    if (token === undefined || (caller.digest !== undefined && !token.digest.equals(caller.digest))) return false;
    return token.access.has('admin') || [...caller.access].every((access) => token.access.has(access));
  }
}

/**
 * Reads a token file again whenever it changes; one that cannot be taken changes nothing. What happens is told to `say`,
 * without anything that stands in the file. Returns what ends it.
 */
export function watchTokenFile(file: string, list: TokenList, say: (message: string) => void, interval = LOOK_INTERVAL): () => void {
  const look = (): void => {
    try {
      const { tokens, warnings } = readTokenFile(file);
      list.replace(tokens);
      for (const message of [`${file} was read again: ${tokens.length} tokens`, ...warnings]) say(message);
    } catch (error) {
      // What is quoted may be a token that somebody put into the wrong place.
      say(`${file} changed and is not taken, the tokens from before stay: ${(error as Error).message.replace(/".*"/s, '"…"')}`);
    }
  };
  watchFile(file, { persistent: false, interval }, look);
  return () => unwatchFile(file, look);
}
