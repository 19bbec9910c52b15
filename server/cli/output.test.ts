// SPDX-License-Identifier: BSD-2-Clause
import { expect, it, onTestFinished, vi } from 'vitest';
import { printTable } from './output.ts';

it('cuts columns that may be cut, the widest first, until a table fits the terminal', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => write.mockRestore());
  const rows = [{ id: 'as long as it is', name: 'a name of quite some length', count: '7' }];
  const columns = [
    { title: 'id', text: (row: (typeof rows)[0]) => row.id },
    { title: 'name', text: (row: (typeof rows)[0]) => row.name, cut: true },
    { title: 'count', text: (row: (typeof rows)[0]) => row.count, right: true },
  ];
  printTable(rows, columns, 36);
  printTable(rows, columns, 10);
  printTable(rows, columns, Infinity);
  const lines = write.mock.calls.map(([text]) => String(text));
  expect(lines[1]).toBe('as long as it is  a name of …      7\n');
  expect(lines[1]!.length - 1).toBeLessThanOrEqual(36);
  expect(lines[3]).toBe('as long as it is  a name …      7\n');
  expect(lines[5]).toBe('as long as it is  a name of quite some length      7\n');
});
