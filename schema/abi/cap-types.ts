// SPDX-License-Identifier: BSD-2-Clause
/** Capability types with the numbers of riscv64 kernels (type field of the capability word; odd ones are architecture caps). */
export const CAP_TYPE = Object.freeze({
  Null: 0, Frame: 1, Untyped: 2, PageTable: 3, Endpoint: 4, Notification: 6, Reply: 8, CNode: 10,
  ASIDControl: 11, Thread: 12, ASIDPool: 13, IRQControl: 14, IRQHandler: 16, Zombie: 18, Domain: 20,
  SchedContext: 22, SchedControl: 24,
});
export type CapTypeName = keyof typeof CAP_TYPE;
/** Recorded when no capability was looked up (Yield, debug calls, exceptions, interrupts). */
export const CAP_TYPE_NONE = 31;

export const CAP_TYPE_NAMES: ReadonlyMap<number, CapTypeName> = new Map(
  (Object.entries(CAP_TYPE) as [CapTypeName, number][]).map(([k, v]) => [v, k]),
);

/** Interface (class of the object API) that is invoked through each capability type. */
export const INTERFACE_OF_CAP: Readonly<Partial<Record<CapTypeName, string>>> = {
  Frame: 'seL4_RISCV_Page', Untyped: 'seL4_Untyped', PageTable: 'seL4_RISCV_PageTable', CNode: 'seL4_CNode',
  ASIDControl: 'seL4_RISCV_ASIDControl', Thread: 'seL4_TCB', ASIDPool: 'seL4_RISCV_ASIDPool', IRQControl: 'seL4_IRQControl',
  IRQHandler: 'seL4_IRQHandler', Domain: 'seL4_DomainSet', SchedContext: 'seL4_SchedContext', SchedControl: 'seL4_SchedControl',
};

/** Whether an invocation of this type is answered by the reply-from-kernel protocol: everything but endpoint, notification and reply. */
export function isKernelObject(capType: number): boolean {
  return capType !== CAP_TYPE.Endpoint && capType !== CAP_TYPE.Notification && capType !== CAP_TYPE.Reply && capType !== CAP_TYPE_NONE;
}
