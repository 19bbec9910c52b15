// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { RULES_DIGEST, RULES_REVISION } from './revision.ts';

/** What a source says to a computer: no comments, no types, no white space, which also leaves spaces out of texts for people. */
function essence(source: string): string {
  const { outputText } = ts.transpileModule(source, { compilerOptions: { removeComments: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext } });
  return outputText.replace(/\s+/g, '');
}

function digestOfRules(): string {
  const folder = new URL('./', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'testing.ts' && name !== 'revision.ts').sort();
  expect(names).toEqual(expect.arrayContaining(['engine.ts', 'reply-shape.ts', 'catalogue.ts']));
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\n${essence(readFileSync(new URL(name, folder), 'utf8'))}\n`);
  return hash.digest('hex').slice(0, 16);
}

it('the revision of the rules changes with what they find', () => {
  const digest = digestOfRules();
  expect(digest, `The sources of the rules have changed. In schema/rules/revision.ts:
  1. If a rule may judge some record otherwise than before (finds more, less, or says it otherwise), raise RULES_REVISION above '${RULES_REVISION}':
     \`sel4scope recheck --outdated\` then judges the runs of earlier revisions again.
  2. In any case put this in place of RULES_DIGEST: '${digest}'`).toBe(RULES_DIGEST);
});

it('comments, types and white space are no change, and code is', () => {
  const code = 'export function f(a: number): number { return a + 1; }';
  expect(essence(`// what it does\nexport function f(a) {\n  /* why */ return a + 1;\n}`)).toBe(essence(code));
  expect(essence(code.replace('+ 1', '+ 2'))).not.toBe(essence(code));
  expect(essence("const text = 'seen // expected';")).toContain('seen//expected');
});
