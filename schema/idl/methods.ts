// SPDX-License-Identifier: BSD-2-Clause
/** Names of methods, and finding a method by name. */
import type { InterfaceModel, Method } from './model.ts';

/** The name people use, e.g. `SchedContext_YieldTo`, `RISCV_Page_GetAddress`. */
export function methodName(method: Method): string {
  return functionName(method).replace(/^seL4_/, '');
}

/** The name of the C function of libsel4, e.g. `seL4_SchedContext_YieldTo`. */
export function functionName(method: Method): string {
  return `${method.interfaceName}_${method.name}`;
}

/**
 * The method of an interface, both named as in the XML: `methodByName(model, 'seL4_CNode', 'Copy')`.
 * `undefined` when the configuration does not have it.
 */
export function methodByName(model: InterfaceModel, interfaceName: string, name: string): Method | undefined {
  return model.methods.find((m) => m.interfaceName === interfaceName && m.name === name);
}
