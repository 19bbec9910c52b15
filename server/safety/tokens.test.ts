// SPDX-License-Identifier: BSD-2-Clause
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/fixture.ts';
import { readTokenFile } from './token-file.ts';
import { digestOf, findToken, newToken, parseAccess, parseTokens, tokenLine, tokenOf } from './tokens.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('a token', () => {
  it('is found by its digest, and no other is', () => {
    const texts = Array.from({ length: 5 }, newToken);
    const tokens = texts.map((text, i) => tokenOf(text, `t${i}`, ['read']));
    expect(new Set(texts).size).toBe(5);
    for (const [i, text] of texts.entries()) expect(findToken(tokens, digestOf(text))?.name).toBe(`t${i}`);
    for (const text of ['', texts[0]!.slice(0, -1), `${texts[0]!} `, newToken()]) expect(findToken(tokens, digestOf(text))).toBeUndefined();
  });

  it('is not in its line, which reads back as the same token', () => {
    const text = newToken();
    const token = tokenOf(text, 'ci', ['read', 'ingest']);
    const line = tokenLine(token);
    expect(line).not.toContain(text.slice(10));
    expect(parseTokens(`# who\n\n  ${line}\r\n`, 'file')).toEqual([token]);
  });
});

describe('a token file that is wrong is told where', () => {
  it.each([
    ['', 'file has no tokens'],
    ['# none\n', 'file has no tokens'],
    ['ci read', 'line 1: 2 words in place of three'],
    [`\nci read ${DIGEST} more`, 'line 2: 4 words'],
    [`ci write ${DIGEST}`, 'there is no access "write"'],
    [`ci read,,ingest ${DIGEST}`, 'there is no access ""'],
    [`c/i read ${DIGEST}`, '"c/i" is no name'],
    [`ci read ${DIGEST}\nci admin ${DIGEST}`, 'line 2: a second token "ci"'],
    [`ci read ${DIGEST.slice(0, -1)}`, 'not sha256: and 64'],
    [`ci read ${DIGEST.toUpperCase()}`, 'not sha256: and 64'],
    [`ci read ${newToken()}`, 'this is a token itself'],
    [newToken(), 'this is a token itself'],
    ['{"tokens": []}', 'line 1: 2 words'],
  ])('%j', (text, message) => {
    expect(() => parseTokens(text, 'file')).toThrow(message);
  });

  it('and never repeats a token that is in it', () => {
    const text = newToken();
    for (const line of [text, `ci read ${text}`, `${text} read ${DIGEST}`, `ci ${text} ${DIGEST}`]) {
      expect(() => parseTokens(line, 'file')).toThrow(expect.objectContaining({ message: expect.not.stringContaining(text) as string }));
    }
  });

  it('access', () => {
    expect(parseAccess('read,ingest,read')).toEqual(['read', 'ingest']);
    expect(() => parseAccess('root')).toThrow('no access "root"');
  });

  it('names', () => {
    for (const name of ['', '-', 'a b', 'x'.repeat(65), 'ä']) expect(() => tokenOf('t', name, ['read'])).toThrow('no name');
  });
});

describe.skipIf(process.platform === 'win32')('the mode of a token file', () => {
  function fileOf(mode: number): string {
    const file = join(temporaryDirectory(), 'tokens');
    writeFileSync(file, `ci read ${DIGEST}\n`);
    chmodSync(file, mode);
    return file;
  }

  it.each<[number, number]>([[0o600, 0], [0o640, 0], [0o644, 1], [0o604, 1]])('%o', (mode, warnings) => {
    expect(readTokenFile(fileOf(mode))).toMatchObject({ tokens: [{ name: 'ci' }], warnings: { length: warnings } });
  });

  it.each([0o602, 0o620, 0o666])('%o lets others in', (mode) => {
    expect(() => readTokenFile(fileOf(mode))).toThrow('can write');
  });

  it('a file that is not there', () => {
    expect(() => readTokenFile('/nothing/here')).toThrow('cannot be read');
  });
});
