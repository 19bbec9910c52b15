// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { interfacesOf } from '../../schema/idl/load.ts';
import { CAUSES } from '../../schema/trace/trap-record.ts';
import { activityCode, activityName, activityOf } from './activity.ts';

const cause = fc.nat({ max: CAUSES.length - 1 });
const syscall = fc.oneof(fc.integer({ min: -40, max: 0 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const label = fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 2 ** 32 - 1 }));

it.each(['riscv64-mcs', 'riscv64-classic'] as const)('every activity of %s has a name of its own', (configuration) => {
  const interfaces = interfacesOf(configuration);
  fc.assert(fc.property(cause, syscall, label, (c, s, m) => {
    const code = activityOf(c, s, m);
    expect(activityCode(activityName(code, interfaces), interfaces)).toBe(code);
  }));
});

it('a method counts before its system call, and that before its cause', () => {
  const interfaces = interfacesOf('riscv64-mcs');
  const name = (c: number, s: number, m: number): string => activityName(activityOf(c, s, m), interfaces);
  const { label: resume } = interfaces.byId.get('TCBResume')!;
  expect([name(0, -1, resume), name(0, -1, 0), name(0, -99, 0), name(4, 0, 0), name(4, -1, 0)])
    .toEqual(['TCBResume', 'Call', 'syscall -99', 'interrupt', 'interrupt']);
});

it('a name that nothing has is no activity', () => {
  const interfaces = interfacesOf('riscv64-classic');
  for (const name of ['', 'TCBResmue', 'NBWait', 'constructor', 'label', 'syscall 1']) expect(activityCode(name, interfaces)).toBeUndefined();
});
