// SPDX-License-Identifier: BSD-2-Clause
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../testing/fixture.ts';
import { TokenList, watchTokenFile } from './token-list.ts';
import { newToken, tokenLine, tokenOf, type Token } from './tokens.ts';

const reader = tokenOf(newToken(), 'reader', ['read']);
const admin = tokenOf(newToken(), 'admin', ['admin']);
const names = (list: TokenList): string[] => list.all.map(({ name }) => name);

describe('a list of tokens', () => {
  it('tells of changes, and keeps those that last', () => {
    const list = new TokenList([reader], [admin]);
    let changes = 0;
    const end = list.onChange(() => { changes++; });
    list.replace([]);
    expect([names(list), changes]).toEqual([['admin'], 1]);
    end();
    list.replace([reader]);
    expect([names(list), changes]).toEqual([['reader', 'admin'], 1]);
  });

  it.each<[string, Token[], boolean]>([
    ['the same', [reader], true], ['more access', [{ ...reader, access: new Set(['read', 'ingest']) }], true], ['admin', [{ ...reader, access: new Set(['admin']) }], true],
    ['less access', [{ ...reader, access: new Set(['ingest']) }], false], ['another secret', [tokenOf(newToken(), 'reader', ['read'])], false], ['none', [admin], false],
  ])('says whether a caller is still good: %s', (_what, now, good) => {
    expect(new TokenList(now).stillHas(reader)).toBe(good);
    expect(new TokenList(now).stillHas({ name: 'reader', access: new Set(['read']), digest: reader.digest })).toBe(good);
  });
});

describe('a token file', () => {
  function watchedFile(): { file: string; list: TokenList; said: string[]; write: (text: string) => void } {
    const file = join(temporaryDirectory(), 'tokens');
    const write = (text: string): void => {
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    };
    write(`${tokenLine(reader)}\n`);
    const said: string[] = [];
    const list = new TokenList([reader]);
    onTestFinished(watchTokenFile(file, list, (message) => said.push(message), 20));
    return { file, list, said, write };
  }

  it('is read again when it changes', async () => {
    const { list, said, write } = watchedFile();
    // The first look at a file tells what it was; changes are seen from then on.
    await expect.poll(() => {
      write(`${tokenLine(reader)}\n${tokenLine(admin)}\n# ${said.length} ${Math.random()}\n`);
      return names(list);
    }, { timeout: 20_000, interval: 50 }).toEqual(['reader', 'admin']);
    expect(said[0]).toMatch(/was read again: 2 tokens$/);
    write(`${tokenLine(admin)}\n`);
    await expect.poll(() => names(list), { timeout: 20_000 }).toEqual(['admin']);
  });

  it.each<[string, (file: string, write: (text: string) => void) => void]>([
    ['is broken', (_file, write) => write(`${tokenLine(admin)}\nsecret-that-nobody-must-see!\n`)], ['holds a token itself', (_file, write) => write(`x read ${newToken()}\n`)],
    ['has a name that is none', (_file, write) => write(`"secret" read sha256:${'0'.repeat(64)}\n`)], ['is empty', (_file, write) => write('')],
    ['can be written by others', (file, write) => { write(`${tokenLine(admin)}\n`); chmodSync(file, 0o666); }], ['is gone', (file) => rmSync(file)],
  ])('that %s changes nothing, and is told without what stands in it', async (_what, spoil) => {
    const { file, list, said, write } = watchedFile();
    await expect.poll(() => {
      write(`${tokenLine(reader)}\n# ${Math.random()}\n`);
      return said.length;
    }, { timeout: 20_000, interval: 50 }).toBeGreaterThan(0);
    spoil(file, write);
    await expect.poll(() => said.at(-1), { timeout: 20_000 }).toMatch(/changed and is not taken, the tokens from before stay/);
    expect(names(list)).toEqual(['reader']);
    expect(said.join()).not.toMatch(/secret|sel4scope_/);
  });
});
