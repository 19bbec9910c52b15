// SPDX-License-Identifier: BSD-2-Clause
/**
 * What a trap was about, as one number: its method; without one its system call; without one its cause. Chunks are
 * indexed and runs summed up by it.
 */
import { syscallName, SYSCALL_NUMBERS } from '../../schema/abi/syscalls.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { CAUSE, CAUSES } from '../../schema/trace/trap-record.ts';

/** Codes of causes begin here, above every label. Labels are positive, numbers of system calls negative. */
const FIRST_CAUSE = 0x10_0000;

export function activityOf(cause: number, syscall: number, method: number): number {
  if (method > 0 && method < FIRST_CAUSE) return method;
  return cause === CAUSE.syscall && syscall < 0 ? syscall : FIRST_CAUSE + cause;
}

/** Method id, system call name or cause of a code; `label 77` or `syscall -99` where the configuration has no name. */
export function activityName(code: number, interfaces: InterfaceModel): string {
  if (code >= FIRST_CAUSE) return CAUSES[code - FIRST_CAUSE]!;
  if (code > 0) return interfaces.byLabel[code]?.id ?? `label ${code}`;
  return syscallName(interfaces.configuration.scheduling, code) ?? `syscall ${code}`;
}

/** The code with this name in a configuration, or undefined. */
export function activityCode(name: string, interfaces: InterfaceModel): number | undefined {
  const method = interfaces.byId.get(name);
  if (method !== undefined) return method.label;
  const syscalls: Readonly<Record<string, number | undefined>> = SYSCALL_NUMBERS[interfaces.configuration.scheduling];
  if (Object.hasOwn(syscalls, name)) return syscalls[name];
  const unnamed = /^(?:label ([0-9]{1,7})|syscall (-[0-9]{1,10}))$/.exec(name);
  if (unnamed !== null) return Number(unnamed[1] ?? unnamed[2]);
  const cause = (CAUSES as readonly string[]).indexOf(name);
  return cause < 0 ? undefined : FIRST_CAUSE + cause;
}
