// SPDX-License-Identifier: BSD-2-Clause
/**
 * Fault messages on riscv64. Source: manual, "Faults"; `faults.h` and `types.bf` of libsel4.
 */
import type { Scheduling } from './syscalls.ts';

export type FaultName = 'NullFault' | 'CapFault' | 'UnknownSyscall' | 'UserException' | 'Timeout' | 'VMFault';

/** Fault labels. 4 is reserved for DebugException. */
export const FAULT_LABELS: Readonly<Record<Scheduling, Readonly<Partial<Record<FaultName, number>>>>> = {
  mcs: { NullFault: 0, CapFault: 1, UnknownSyscall: 2, UserException: 3, Timeout: 5, VMFault: 6 },
  classic: { NullFault: 0, CapFault: 1, UnknownSyscall: 2, UserException: 3, VMFault: 5 },
};

/** Words of each fault message, in order. CapFault continues with the lookup failure, see {@link CAP_FAULT_LENGTH}. */
export const FAULT_WORDS: Readonly<Record<FaultName, readonly string[]>> = {
  NullFault: [],
  CapFault: ['IP', 'Addr', 'InRecvPhase', 'LookupFailureType'],
  UnknownSyscall: ['FaultIP', 'SP', 'RA', 'A0', 'A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'Syscall'],
  UserException: ['FaultIP', 'SP', 'Number', 'Code'],
  Timeout: ['Data', 'Consumed'],
  VMFault: ['IP', 'Addr', 'PrefetchFault', 'FSR'],
};

/** Message length of a CapFault by lookup failure type. */
export const CAP_FAULT_LENGTH: readonly number[] = [-1, 4, 5, 6, 7];

/**
 * Fault status (FSR) of a VM fault by the exception's cause (scause). The kernel reports a page fault as the access fault
 * of its kind: instruction 1, load 5, store 7; every other exception is a user exception. Observed on a real kernel.
 */
export const VM_FAULT_STATUS: ReadonlyMap<number, number> = new Map([[1, 1], [5, 5], [7, 7], [12, 1], [13, 5], [15, 7]]);

/** Names of fault labels in one configuration. */
export function faultName(scheduling: Scheduling, label: number): FaultName | undefined {
  return FAULT_NAMES[scheduling][label];
}

const FAULT_NAMES: Readonly<Record<Scheduling, readonly (FaultName | undefined)[]>> = { mcs: namesByLabel('mcs'), classic: namesByLabel('classic') };

function namesByLabel(scheduling: Scheduling): (FaultName | undefined)[] {
  const names: (FaultName | undefined)[] = [];
  for (const [name, label] of Object.entries(FAULT_LABELS[scheduling]) as [FaultName, number][]) names[label] = name;
  return names;
}
