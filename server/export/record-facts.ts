// SPDX-License-Identifier: BSD-2-Clause
/** What several formats say about a record, in words. */
import { ERRORS } from '../../schema/abi/errors.ts';
import { faultName } from '../../schema/abi/faults.ts';
import { tagLabel } from '../../schema/abi/message-info.ts';
import { RISCV64_SLOTS } from '../../schema/abi/registers.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { DELIVERY, type Delivery } from '../../schema/trace/trap-record.ts';

/** Error of a kernel reply; empty for success, and for what is no kernel reply. */
export function errorOf({ kind, tagLo, tagHi }: Delivery): string {
  if (kind !== DELIVERY.reply && kind !== DELIVERY.lateReply) return '';
  const label = tagLabel(tagLo, tagHi);
  return label === 0 ? '' : ERRORS[label] ?? `label ${label}`;
}

/** Empty for no fault. */
export function faultText(scheduling: Scheduling, label: number): string {
  return label === 0 ? '' : faultName(scheduling, label) ?? `fault ${label}`;
}

/** Names of the flags that are set. */
export function flagNames(all: Readonly<Record<string, number>>, flags: number): string[] {
  return flags === 0 ? [] : Object.keys(all).filter((name) => (flags & all[name]!) !== 0);
}

/** Registers that a delivery wrote. */
export function writtenRegisters({ slots }: Delivery): string[] {
  return setBits(slots).map((slot) => RISCV64_SLOTS[slot] ?? `slot${slot}`);
}

/** Numbers of the bits that are set. */
export function setBits(sets: Uint32Array): number[] {
  const found: number[] = [];
  for (let k = 0; k < sets.length; k++) {
    for (let rest = sets[k]!; rest !== 0; rest &= rest - 1) found.push(32 * k + 31 - Math.clz32(rest & -rest));
  }
  return found;
}
