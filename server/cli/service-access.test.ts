// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/fixture.ts';
import { dataDirectory } from './service-access.ts';

it.each(['a.s4trace', 'a.sel4trace', 'a.db', 'a.SQLITE', 'a.sqlite3'])('--data %s is a file that must be there', (name) => {
  const path = join(temporaryDirectory(), name);
  expect(() => dataDirectory(path)).toThrow(`there is no file ${path}`);
  writeFileSync(path, '');
  expect(dataDirectory(path)).toBe(path);
});

it('--data names a directory otherwise, also one that is made later', () => {
  const path = join(temporaryDirectory(), 'traces.2026');
  expect(dataDirectory(path)).toBe(path);
});
