// SPDX-License-Identifier: BSD-2-Clause
/** Modes of the hart, and what depends on the mode. */
import { HART_MSTATUS, HART_PRIVILEGE } from './generated';
import { TABLE_BYTES } from './tlb';

export const USER: u32 = 0;
export const SUPERVISOR: u32 = 1;
export const MACHINE: u32 = 3;

export const MSTATUS_SIE: u64 = 1 << 1;
export const MSTATUS_MIE: u64 = 1 << 3;
export const MSTATUS_SPIE: u64 = 1 << 5;
export const MSTATUS_MPIE: u64 = 1 << 7;
export const MSTATUS_SPP: u64 = 1 << 8;
export const MSTATUS_MPP: u64 = 3 << 11;
export const MSTATUS_FS: u64 = 3 << 13;
export const MSTATUS_MPRV: u64 = 1 << 17;
export const MSTATUS_SUM: u64 = 1 << 18;
export const MSTATUS_MXR: u64 = 1 << 19;
export const MSTATUS_TVM: u64 = 1 << 20;
export const MSTATUS_TW: u64 = 1 << 21;
export const MSTATUS_TSR: u64 = 1 << 22;
export const MSTATUS_SD: u64 = 1 << 63;

/** Byte offsets of the TLB tables of the running mode. */
export let dataMode: usize = 0;
export let executeMode: usize = 0;

@inline export function privilege(): u32 {
  return load<u32>(HART_PRIVILEGE);
}

/** The privilege with which loads and stores happen. */
export function dataPrivilege(): u32 {
  const status = load<u64>(HART_MSTATUS);
  return (status & MSTATUS_MPRV) != 0 ? <u32>((status & MSTATUS_MPP) >> 11) : privilege();
}

/** To be called after privilege or mstatus changed. */
export function modeChanged(): void {
  const data = dataPrivilege();
  const sum = data == SUPERVISOR && (load<u64>(HART_MSTATUS) & MSTATUS_SUM) != 0;
  dataMode = (sum ? 2 : <usize>data) * TABLE_BYTES;
  executeMode = <usize>privilege() * TABLE_BYTES;
}
