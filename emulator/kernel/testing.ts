// SPDX-License-Identifier: BSD-2-Clause
/** Tools for tests of the kernel's parts: a kernel without a root task, and requests without a trap. */
import {
  CAP_TYPE, ERRORS, SLOT_BITS, ZERO, fromWordLike, toBigInt, type ErrorName, type ObjectTypeName, type Scheduling, type WordLike,
} from '../../schema/abi/index.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import type { Capability } from './capability.ts';
import type { DefectName } from './defects.ts';
import { SyscallError } from './errors.ts';
import type { Completion, Decode, Invocation } from './invocation.ts';
import { DEFAULT_TIMING, Kernel } from './kernel.ts';
import { CNode, type Tcb } from './objects.ts';
import { createObject } from './object/object-types.ts';
import { insertRoot } from './cspace/derivation.ts';
import type { Slot } from './slot.ts';

/** A kernel in which nothing exists yet. */
export function bareKernel(scheduling: Scheduling, defects: Iterable<DefectName> = []): Kernel {
  return new Kernel(interfacesOf(`riscv64-${scheduling}`), new Set(defects), DEFAULT_TIMING);
}

/** A new object with its first capability, as root of the derivation tree, in `slot`. Returns the capability. */
export function place(kernel: Kernel, slot: Slot, type: ObjectTypeName, userBits = 0, paddr = 0x8000_0000): Capability {
  const cap = createObject(kernel, type, userBits, paddr, false);
  insertRoot(slot, cap);
  return cap;
}

/**
 * Gives the idle thread, which runs in a bare kernel, a CSpace of one CNode whose indices are slot numbers at depth 64.
 * Returns the CNode, and the slot that holds its capability.
 */
export function bareCSpace(kernel: Kernel, radix = 8): { cnode: CNode; root: Slot } {
  const cnode = kernel.register(new CNode(kernel.nextId(), 0x8100_0000, radix, SLOT_BITS));
  const root = kernel.idleThread.slots.cspace;
  insertRoot(root, { type: CAP_TYPE.CNode, object: cnode, guardSize: 64 - radix, guard: ZERO });
  return { cnode, root };
}

export interface RequestOptions {
  /** Default: the kernel's current thread. */
  readonly thread?: Tcb;
  /** Default: Call. */
  readonly isCall?: boolean;
}

/** A request as decoding sees it. @param method id of the object API, e.g. `CNodeCopy` */
export function request(
  kernel: Kernel, slot: Slot, method: string, words: readonly WordLike[] = [], extraSlots: readonly Slot[] = [],
  options: RequestOptions = {},
): Invocation {
  const lanes = words.map(fromWordLike);
  return {
    method, label: kernel.interfaces.byId.get(method)?.label ?? 0, length: lanes.length,
    thread: options.thread ?? kernel.current, slot, cap: slot.cap,
    extraSlots: [...extraSlots], extraCapCount: extraSlots.length,
    isCall: options.isCall ?? true, isBlocking: true, isFirstPhase: false,
    argLo: (i) => lanes[i]!.lo, argHi: (i) => lanes[i]!.hi,
  };
}

/** Decodes a request and performs it. */
export function run<Cap extends Capability>(kernel: Kernel, decode: Decode<Cap>, invocation: Invocation): SyscallError | Completion {
  const decoded = decode(kernel, invocation, invocation.cap as Cap);
  return decoded instanceof SyscallError ? decoded : decoded();
}

/** The label and payload words of an error reply. Throws for anything else, with what it was. */
export function errorWords(result: SyscallError | Completion): { error: ErrorName; words: bigint[] } {
  if (!(result instanceof SyscallError)) throw new Error(`no error: ${result}`);
  return { error: ERRORS[result.label]!, words: result.words.map(toBigInt) };
}
