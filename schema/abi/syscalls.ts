// SPDX-License-Identifier: BSD-2-Clause
/**
 * System call numbers, as in the `syscall.xml` of the API: negative, the same on every architecture,
 * different for MCS and classic kernels. Debug calls follow at -12 (MCS) and -9 (classic).
 */

/** `mcs`: a kernel with `CONFIG_KERNEL_MCS`; `classic`: one without. */
export type Scheduling = 'mcs' | 'classic';

/** API system calls. `Reply` exists on classic only; `Wait`, `NBWait` and the `NBSend…` pairs on MCS only. */
export type ApiSyscall =
  | 'Call' | 'ReplyRecv' | 'NBSendRecv' | 'NBSendWait' | 'Send' | 'NBSend'
  | 'Recv' | 'NBRecv' | 'Wait' | 'NBWait' | 'Reply' | 'Yield';

/** Debug and benchmark system calls, in the order of their numbers. Most exist in some configurations only. */
export const DEBUG_SYSCALLS = [
  'DebugPutChar', 'DebugDumpScheduler', 'DebugHalt', 'DebugCapIdentify', 'DebugSnapshot', 'DebugNameThread',
  'DebugSendIPI', 'DebugGetThreadAffinity', 'DebugRun', 'BenchmarkFlushCaches', 'BenchmarkResetLog',
  'BenchmarkFinalizeLog', 'BenchmarkSetLogBuffer', 'BenchmarkNullSyscall', 'BenchmarkGetThreadUtilisation',
  'BenchmarkResetThreadUtilisation', 'BenchmarkDumpAllThreadsUtilisation', 'BenchmarkResetAllThreadsUtilisation',
  'X86DangerousWRMSR', 'X86DangerousRDMSR', 'VMEnter', 'SetTLSBase',
] as const;

export type DebugSyscall = (typeof DEBUG_SYSCALLS)[number];
export type SyscallName = ApiSyscall | DebugSyscall;

const API: Record<Scheduling, Partial<Record<ApiSyscall, number>>> = {
  mcs: {
    Call: -1, ReplyRecv: -2, NBSendRecv: -3, NBSendWait: -4, Send: -5, NBSend: -6,
    Recv: -7, NBRecv: -8, Wait: -9, NBWait: -10, Yield: -11,
  },
  classic: { Call: -1, ReplyRecv: -2, Send: -3, NBSend: -4, Recv: -5, Reply: -6, Yield: -7, NBRecv: -8 },
};

const FIRST_DEBUG: Record<Scheduling, number> = { mcs: -12, classic: -9 };

function numbersOf(scheduling: Scheduling): Readonly<Partial<Record<SyscallName, number>>> {
  const numbers: Partial<Record<SyscallName, number>> = { ...API[scheduling] };
  DEBUG_SYSCALLS.forEach((name, i) => { numbers[name] = FIRST_DEBUG[scheduling] - i; });
  return Object.freeze(numbers);
}

/** Number of each system call that the configuration has. */
export const SYSCALL_NUMBERS: Readonly<Record<Scheduling, Readonly<Partial<Record<SyscallName, number>>>>> = {
  mcs: numbersOf('mcs'),
  classic: numbersOf('classic'),
};

const NAMES: Record<Scheduling, ReadonlyMap<number, SyscallName>> = {
  mcs: new Map(Object.entries(SYSCALL_NUMBERS.mcs).map(([k, v]) => [v, k as SyscallName])),
  classic: new Map(Object.entries(SYSCALL_NUMBERS.classic).map(([k, v]) => [v, k as SyscallName])),
};

/** The system call with this number, or `undefined` for a number the configuration does not provide. */
export function syscallName(scheduling: Scheduling, number: number): SyscallName | undefined {
  return NAMES[scheduling].get(number);
}

/** The number of a system call. Throws when the configuration has none. */
export function syscallNumber(scheduling: Scheduling, name: SyscallName): number {
  const number = SYSCALL_NUMBERS[scheduling][name];
  if (number === undefined) throw new RangeError(`seL4_${name} does not exist on a ${scheduling === 'mcs' ? 'MCS' : 'classic'} kernel`);
  return number;
}
