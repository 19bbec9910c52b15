// SPDX-License-Identifier: BSD-2-Clause
import { Linter } from 'eslint';
import { expect, it } from 'vitest';
import { importDirection } from './import-direction.js';

const ZONES = [
  { from: 'schema/**', to: ['stubs/**', 'emulator/**'] },
  { from: 'emulator/**', to: ['stubs/**'], except: ['stubs/runtime/user-context.ts'] },
  { from: 'server/*.ts', to: ['server/cli/**'] },
];

function problems(file: string, code: string): string[] {
  const linter = new Linter({ cwd: '/project' });
  return linter.verify(code, [{
    files: ['**/*.ts'],
    plugins: { architecture: { rules: { 'import-direction': importDirection } } },
    rules: { 'architecture/import-direction': ['error', { root: '/project', zones: ZONES }] },
  }], { filename: `/project/${file}` }).map(({ message }) => message);
}

it.each([
  ['schema/abi/word.ts', "import { a } from '../../stubs/a.ts';"],
  ['schema/word.ts', "export * from '../emulator/kernel/model.ts';"],
  ['schema/word.ts', "export { a } from '../emulator/a.ts';"],
  ['schema/word.ts', "const a = import('../stubs/a.ts');"],
  ['schema/word.ts', "import 'sel4scope';"],
  ['schema/word.ts', "import 'sel4scope/emulator';"],
  ['emulator/user/threads.ts', "import { a } from '../../stubs/index.ts';"],
  ['server/app.ts', "import { a } from './cli/main.ts';"],
])('%s: %s is refused', (file, code) => {
  expect(problems(file, code)).toEqual([expect.stringContaining('imports go one way')]);
});

it.each([
  ['stubs/a.ts', "import { a } from '../schema/a.ts';"],
  ['emulator/user/threads.ts', "import { a } from '../../stubs/runtime/user-context.ts';"],
  ['server/cli/main.ts', "import { a } from '../app.ts';"],
  ['schema/word.ts', "import { a } from 'stubs'; import b from 'node:fs'; export const c = 1;"],
])('%s: %s is fine', (file, code) => {
  expect(problems(file, code)).toEqual([]);
});
