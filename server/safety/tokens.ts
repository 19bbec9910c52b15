// SPDX-License-Identifier: BSD-2-Clause
/**
 * Tokens of the service. A token is 256 random bits behind a prefix by which scanners for leaked secrets find it. The
 * service knows only the SHA-256 of each: for a random token a plain digest is as good as a slow one.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ACCESS, type Access, type Caller } from '../access.ts';
import { SafetyError } from './safety-error.ts';

/** A token as the service knows it. */
export interface Token extends Caller {
  /** SHA-256 of the token's text. */
  readonly digest: Buffer;
}

const PREFIX = 'sel4scope_';
const TOKEN_BYTES = 32;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const DIGEST = /^sha256:([0-9a-f]{64})$/;

/** A new token, to be shown once. */
export function newToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
}

export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The token as the service knows it. Throws a {@link SafetyError} for a name that no token may have. */
export function tokenOf(text: string, name: string, access: readonly Access[]): Token {
  if (!NAME.test(name)) throw new SafetyError(`"${name}" is no name for a token`, 'up to 64 letters, digits, ".", "_", "@" and "-", a letter or digit first');
  return { name, access: new Set(access), digest: digestOf(text) };
}

/** The token's line of a token file. */
export function tokenLine({ name, access, digest }: Token): string {
  return `${name} ${[...access].join(',')} sha256:${digest.toString('hex')}`;
}

/** Access by names with commas between them. Throws a {@link SafetyError} that names the wrong one. */
export function parseAccess(text: string): Access[] {
  const found = new Set<Access>();
  for (const name of text.split(',')) {
    if (!ACCESS.includes(name as Access)) throw new SafetyError(`there is no access "${name}"`, `choose from ${ACCESS.join(', ')}, with commas between them`);
    found.add(name as Access);
  }
  return [...found];
}

/**
 * Reads the text of a token file: one token a line, `name access[,access] sha256:DIGEST`; empty lines and those that begin
 * with `#` are nothing.
 *
 * @param source name of the file, for messages
 */
export function parseTokens(text: string, source: string): Token[] {
  const tokens: Token[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const fail = (message: string, hint = 'a line is `name access sha256:DIGEST`; `sel4scope token new` prints one'): never => {
      throw new SafetyError(`${source}, line ${index + 1}: ${message}`, hint);
    };
    const [name, access, digest, ...rest] = trimmed.split(/\s+/) as [string, string?, string?, ...string[]];
    if (trimmed.includes(PREFIX)) fail('this is a token itself', 'the file keeps only its SHA-256: make a new one with `sel4scope token new`, this one has been seen');
    if (access === undefined || digest === undefined || rest.length > 0) fail(`${[name, access, digest, ...rest].filter((part) => part !== undefined).length} words in place of three`);
    if (!NAME.test(name)) fail(`"${name}" is no name for a token`);
    if (tokens.some((token) => token.name === name)) fail(`a second token "${name}"`);
    const hex = DIGEST.exec(digest!)?.[1] ?? fail('the third word is not sha256: and 64 hexadecimal digits in lower case');
    try {
      tokens.push({ name, access: new Set(parseAccess(access!)), digest: Buffer.from(hex, 'hex') });
    } catch (error) {
      fail((error as Error).message, (error as SafetyError).hint);
    }
  }
  if (tokens.length === 0) throw new SafetyError(`${source} has no tokens`, '`sel4scope token new` prints a line for it');
  return tokens;
}

/** The token with this digest. Looks at all of them, each in constant time: how long it takes says nothing. */
export function findToken(tokens: readonly Token[], digest: Buffer): Token | undefined {
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token;
  return found;
}
