// SPDX-License-Identifier: BSD-2-Clause
import { NULL_CAP, type Capability } from './capability.ts';
import type { KernelObject } from './objects.ts';

/**
 * A capability slot and its place in the capability derivation tree.
 *
 * The tree is explicit: a slot knows its parent and its children. A slot without a capability is not in the
 * tree. Only `cspace/derivation.ts` changes the links.
 */
export class Slot {
  /** Object that holds the slot: a CNode, a TCB, an interrupt line. */
  readonly holder: KernelObject;
  readonly index: number;
  cap: Capability = NULL_CAP;
  parent: Slot | null = null;
  firstChild: Slot | null = null;
  nextSibling: Slot | null = null;
  previousSibling: Slot | null = null;
  /** Capabilities derived from this one become its children; otherwise they become its siblings. */
  revocable = false;

  constructor(holder: KernelObject, index: number) {
    this.holder = holder;
    this.index = index;
  }
}
