// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EXIT } from '../exit-codes.ts';
import { readKnown } from './expectations.ts';

const folder = mkdtempSync(join(tmpdir(), 'sel4scope-expect-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string): unknown {
  const file = join(folder, 'known.json');
  writeFileSync(file, text);
  return readKnown(file);
}

const ENTRY = '{ "rule": "K05", "method": "SchedContextConsumed", "reason": "seL4#1435" }';

describe('a file of known findings', () => {
  it('is a list of rule, method, situation and reason', () => {
    expect(read(`[\n${ENTRY},\n{ "rule": "N01", "method": "X", "situation": "own", "reason": "[{," }\n]`)).toEqual([
      { rule: 'K05', method: 'SchedContextConsumed', reason: 'seL4#1435' },
      { rule: 'N01', method: 'X', situation: 'own', reason: '[{,' },
    ]);
    expect(read('[]')).toEqual([]);
  });

  it.each([
    ['no JSON', `[\n${ENTRY},\n}]`, 3, /JSON/],
    ['cut off', `[\n${ENTRY},\n`, 3, /JSON/],
    ['no list', ENTRY, 1, /a list of/],
    ['an entry that is none', `[\n${ENTRY},\n\n7]`, 4, /must be an object/],
    ['an entry without a reason', `[\n${ENTRY},\n{ "rule": "K05",\n "method": "X" }]`, 3, /needs a "reason"/],
    ['a reason that is empty', `[\n{ "rule": "K05", "method": "X", "reason": "" }]`, 2, /needs a "reason"/],
    ['a field that there is not', `[${ENTRY},\n{ "rule": "K05", "method": "X", "reason": "y", "sitation": "own" }]`, 2, /"sitation"/],
    ['a situation that is no text', `[\n\n{ "rule": "K05", "method": "X", "reason": "y", "situation": 5 }]`, 3, /"situation"/],
  ] as const)('is refused with %s, and the line is named', (_what, text, line, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ exitCode: EXIT.unreadable, message: expect.stringMatching(new RegExp(`known\\.json:${line}: .*${message.source}`, 's')) as unknown }) as Error);
  });

  it('must exist', () => {
    expect(() => readKnown(join(folder, 'missing.json'))).toThrow(expect.objectContaining({ exitCode: EXIT.unreadable }) as Error);
  });
});
