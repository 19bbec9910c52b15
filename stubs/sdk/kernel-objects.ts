// SPDX-License-Identifier: BSD-2-Clause
/** The typed capabilities of a configuration, as far as the code that is common to all configurations uses them. */
import type { ObjectTypeName } from '../../schema/abi/objects.ts';
import type { WordLike } from '../../schema/abi/word.ts';
import type * as classic from '../generated/riscv64-classic.ts';
import type * as mcs from '../generated/riscv64-mcs.ts';
import type { ThreadRuntime } from '../runtime/thread-runtime.ts';
import type { Endpoint, Notification } from './ipc.ts';

type Frame = mcs.RISCVPage | classic.RISCVPage;

/**
 * Capability types by name: those of objects that can be created under the name of their object type, then those that
 * the kernel gives the root task or that others of them issue. A configuration has narrower ones, and may have more.
 */
export interface KernelObjects {
  Untyped: mcs.Untyped | classic.Untyped;
  TCB: mcs.TCB | classic.TCB;
  CapTable: mcs.CNode | classic.CNode;
  Endpoint: Endpoint;
  Notification: Notification;
  RISCV_4K_Page: Frame;
  RISCV_Mega_Page: Frame;
  RISCV_Giga_Page: Frame;
  RISCV_PageTable: mcs.RISCVPageTable | classic.RISCVPageTable;
  IRQControl: mcs.IRQControl | classic.IRQControl;
  IRQHandler: mcs.IRQHandler | classic.IRQHandler;
  DomainSet: mcs.DomainSet | classic.DomainSet;
  ASIDControl: mcs.RISCVASIDControl | classic.RISCVASIDControl;
  ASIDPool: mcs.RISCVASIDPool | classic.RISCVASIDPool;
}

/** Names of the object types that can be created. */
export type Creatable<O extends KernelObjects> = keyof O & ObjectTypeName;

/** The class of each capability type. */
export type ClassesOf<O extends KernelObjects> = { readonly [K in keyof O]: new (runtime: ThreadRuntime, cptr: WordLike) => O[K] };
