// SPDX-License-Identifier: BSD-2-Clause
import { PAGE_BITS } from '../../schema/abi/objects.ts';
import { FailedLookupError } from '../runtime/kernel-error.ts';
import { VMAttributes, type CapRights } from '../runtime/rights.ts';
import type { KernelObjects } from './kernel-objects.ts';
import type { UntypedAllocator } from './untyped-allocator.ts';

/** Where a task puts its own mappings unless told otherwise: above the usual images of root tasks. */
export const DEFAULT_FIRST_ADDRESS = 0x1000_0000;

/** Hands out virtual addresses of a task's address space; shared by its threads. */
export class AddressAllocator {
  private next: number;

  /** @param first first address to hand out, a multiple of 4096 */
  constructor(first: number) {
    if (!Number.isSafeInteger(first) || first < 0 || first % 4096 !== 0) throw new RangeError(`the first free address must be a multiple of 4096, not ${first}`);
    this.next = first;
  }

  /** An unused address, aligned to a page of 2^`bits` bytes. */
  allocate(bits: number = PAGE_BITS.small): number {
    const size = 2 ** bits;
    const address = Math.ceil(this.next / size) * size;
    this.next = address + size;
    return address;
  }
}

/**
 * Maps a frame into an address space, and creates the page tables that are missing on the way.
 * Throws the kernel's error when the frame cannot be mapped for another reason.
 */
export async function mapFrame<O extends KernelObjects>(
  frame: O['RISCV_4K_Page'],
  vspace: O['RISCV_PageTable'],
  address: number,
  rights: CapRights,
  untyped: UntypedAllocator<O>,
): Promise<void> {
  let missingBits = Infinity;
  for (;;) {
    const result = await frame.tryMap(vspace.cptr, address, rights, VMAttributes.default);
    if (result.ok) return;
    // Bits left to translate say which table is missing; each new table must bring the next one closer.
    const bitsLeft = missingTableBits(result.error);
    if (bitsLeft === undefined || bitsLeft >= missingBits) throw result.error;
    missingBits = bitsLeft;
    const table = await untyped.create('RISCV_PageTable');
    await table.map(vspace.cptr, address, VMAttributes.default);
  }
}

function missingTableBits(error: Error): number | undefined {
  if (!(error instanceof FailedLookupError) || error.lookup.type !== 'MissingCapability') return undefined;
  return error.lookup.bitsLeft;
}
