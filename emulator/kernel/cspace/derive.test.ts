// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, RIGHTS, ZERO, fromBigInt, fromNumber, type ObjectTypeName } from '../../../schema/abi/index.ts';
import { NULL_CAP, VM_RIGHTS, type Capability, type CNodeCap, type EndpointCap, type FrameCap, type PageTableCap } from '../capability.ts';
import { ILLEGAL_OPERATION, REVOKE_FIRST } from '../errors.ts';
import { bareCSpace, bareKernel, place } from '../testing.ts';
import { insertDerived } from './derivation.ts';
import { deriveCapability, maskRights, withCapabilityData } from './derive.ts';

const kernel = bareKernel('mcs');
const { cnode } = bareCSpace(kernel);
let used = 0;

function made(type: ObjectTypeName, userBits = 0): Capability {
  return place(kernel, cnode.slot(used++), type, userBits);
}

const mapping = { asid: 1, address: fromNumber(0x1000) };

describe('deriving', () => {
  const slot = cnode.slot(200);

  it('keeps most capabilities as they are', () => {
    const cap = made('Endpoint');
    expect(deriveCapability(kernel, slot, cap)).toBe(cap);
  });

  it('refuses to copy IRQControl and zombies', () => {
    const cap = made('CapTable', 4) as CNodeCap;
    expect(deriveCapability(kernel, slot, { type: CAP_TYPE.IRQControl, object: null })).toBe(NULL_CAP);
    expect(deriveCapability(kernel, slot, { type: CAP_TYPE.Zombie, object: cap.object, remaining: 3 })).toBe(NULL_CAP);
  });

  it('copies reply capabilities on MCS only', () => {
    const cap = made('Reply');
    expect(deriveCapability(kernel, slot, cap)).toBe(cap);
    expect(deriveCapability(bareKernel('classic'), slot, cap)).toBe(NULL_CAP);
  });

  it('wants an untyped to be revoked first', () => {
    const at = cnode.slot(used);
    const cap = made('Untyped', 12);
    expect(deriveCapability(kernel, at, cap)).toBe(cap);
    insertDerived(cnode.slot(201), cap, at);
    expect(deriveCapability(kernel, at, cap)).toBe(REVOKE_FIRST);
  });

  it('copies a page table only when it is mapped, a frame without its mapping', () => {
    const table = made('RISCV_PageTable') as PageTableCap;
    expect(deriveCapability(kernel, slot, table)).toBe(ILLEGAL_OPERATION);
    expect(deriveCapability(kernel, slot, { ...table, mapping })).toEqual({ ...table, mapping });
    const frame = made('RISCV_4K_Page') as FrameCap;
    expect(deriveCapability(kernel, slot, { ...frame, mapping })).toEqual(frame);
  });
});

describe('masking rights', () => {
  it('takes rights away and never gives any', () => {
    const endpoint = made('Endpoint') as EndpointCap;
    const weak = maskRights(endpoint, RIGHTS.write | RIGHTS.grantReply);
    expect(weak).toMatchObject({ canSend: true, canReceive: false, canGrant: false, canGrantReply: true });
    expect(maskRights(weak, RIGHTS.all)).toBe(weak);
    expect(maskRights(made('Notification'), RIGHTS.read)).toMatchObject({ canSend: false, canReceive: true });
    expect(maskRights(made('Reply'), RIGHTS.all & ~RIGHTS.grant)).toMatchObject({ canGrant: false });
  });

  it.each([
    [VM_RIGHTS.readWrite, RIGHTS.all, VM_RIGHTS.readWrite],
    [VM_RIGHTS.readWrite, RIGHTS.read, VM_RIGHTS.readOnly],
    [VM_RIGHTS.readWrite, RIGHTS.write, VM_RIGHTS.kernelOnly],
    [VM_RIGHTS.readOnly, RIGHTS.all, VM_RIGHTS.readOnly],
    [VM_RIGHTS.readOnly, RIGHTS.write, VM_RIGHTS.kernelOnly],
    [VM_RIGHTS.kernelOnly, RIGHTS.all, VM_RIGHTS.kernelOnly],
  ])('of a frame with rights %d by %d gives %d', (rights, mask, expected) => {
    const frame = made('RISCV_4K_Page') as FrameCap;
    expect(maskRights({ ...frame, rights }, mask)).toMatchObject({ rights: expected });
  });

  it('leaves capabilities without rights alone', () => {
    const cap = made('TCB');
    expect(maskRights(cap, 0)).toBe(cap);
  });
});

describe('capability data', () => {
  it('badges an unbadged capability once, and never one that is moved', () => {
    const endpoint = made('Endpoint') as EndpointCap;
    const badge = fromBigInt(0xffff_ffff_ffff_ffffn);
    const badged = withCapabilityData(endpoint, false, badge);
    expect(badged).toMatchObject({ badge });
    expect(withCapabilityData(badged, false, badge)).toBe(NULL_CAP);
    expect(withCapabilityData(endpoint, true, ZERO)).toBe(NULL_CAP);
  });

  it('gives a CNode capability the lowest bits of the guard', () => {
    const cap = made('CapTable', 4) as CNodeCap;
    const data = fromBigInt((0xabcd_1234_5678n << 6n) | 40n);
    expect(withCapabilityData(cap, true, data)).toMatchObject({ guardSize: 40, guard: fromBigInt(0xcd_1234_5678n) });
  });

  it('refuses a guard that leaves no room for the index', () => {
    const cap = made('CapTable', 4) as CNodeCap;
    expect(withCapabilityData(cap, false, fromNumber(60))).toMatchObject({ guardSize: 60 });
    expect(withCapabilityData(cap, false, fromNumber(61))).toBe(NULL_CAP);
  });

  it('means nothing to other capabilities', () => {
    const cap = made('TCB');
    expect(withCapabilityData(cap, true, fromNumber(5))).toBe(cap);
  });
});
