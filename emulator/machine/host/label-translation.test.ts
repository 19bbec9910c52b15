// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { labelsOfRelease } from '../image/release-labels.ts';
import { relabel } from '../image/relabel.ts';
import { LabelTranslation, NO_LABEL } from './label-translation.ts';

const stubs = interfacesOf('riscv64-mcs');
const old = relabel(stubs, labelsOfRelease('13.0.0', 'mcs')).interfaces;
const labelIn = (model: InterfaceModel, id: string): number => model.byId.get(id)!.label;

describe('LabelTranslation', () => {
  it('is not needed between equal interfaces', () => {
    const same = new LabelTranslation(stubs, stubs);
    expect([same.isNeeded, same.missing.size, same.toKernel(7), same.toRecord(7)]).toEqual([false, 0, 7, 7]);
  });

  it('goes by methods', () => {
    const labels = new LabelTranslation(stubs, old);
    expect([...labels.missing]).toEqual(['TCBSetFlags', 'DomainScheduleConfigure', 'DomainScheduleSetStart']);
    for (const { id, label } of old.methods) {
      expect(labels.toKernel(labelIn(stubs, id))).toBe(label);
      expect(labels.toRecord(label)).toBe(labelIn(stubs, id));
    }
    expect(labelIn(stubs, 'CNodeRevoke')).not.toBe(labelIn(old, 'CNodeRevoke'));
  });

  it('gives the kernel no label that it knows for one that it must not know', () => {
    const labels = new LabelTranslation(stubs, old);
    expect(labels.toKernel(labelIn(stubs, 'TCBSetFlags'))).toBe(NO_LABEL);
    expect(labels.toKernel(1000)).toBe(1000);
    const newer = new LabelTranslation(old, stubs);
    expect(newer.toKernel(stubs.methods.length)).toBe(NO_LABEL);
    expect(newer.toRecord(labelIn(stubs, 'TCBSetFlags'))).toBe(NO_LABEL);
  });

  it('misses a method that passes its arguments in another way', () => {
    const moved = { ...labelled('TCBSuspend'), requestLength: 1 };
    const other: InterfaceModel = { ...stubs, byId: new Map([...stubs.byId, ['TCBSuspend', moved]]) };
    expect([...new LabelTranslation(stubs, other).missing]).toEqual(['TCBSuspend']);
  });
});

function labelled(id: string): InterfaceModel['methods'][number] {
  return stubs.byId.get(id)!;
}
