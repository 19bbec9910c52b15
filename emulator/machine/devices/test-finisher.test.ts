// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { TestFinisher, type Finish } from './test-finisher.ts';

it('ends the machine as told, with 2 or 4 bytes', () => {
  const ends: Finish[] = [];
  const device = new TestFinisher((finish) => ends.push(finish));
  device.store(0, 4, 0x5555n);
  device.store(0, 2, 0x7777n);
  device.store(0, 4, 0x2a_3333n);
  device.store(0, 4, 0x1234n);
  expect(ends).toEqual([{ kind: 'pass' }, { kind: 'reset' }, { kind: 'fail', code: 42 }]);
  expect(device.load(0, 4)).toEqual({ reason: 'finisher can only be written' });
});
