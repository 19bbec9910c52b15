// SPDX-License-Identifier: BSD-2-Clause
/**
 * What always holds of address spaces: whatever the hardware would find has a capability that says where it is mapped.
 * The reverse does not hold: a capability may name a mapping that was replaced or whose address space is gone.
 */
import { CAP_TYPE, fromNumber, toHex } from '../../../schema/abi/index.ts';
import type { Capability, FrameCap, PageTableCap } from '../capability.ts';
import type { Kernel } from '../kernel.ts';
import type { AsidPool, Frame, KernelObject, PageTable } from '../objects.ts';
import type { Slot } from '../slot.ts';
import { objectName } from './cspace.ts';
import type { InvariantName, Violation } from './violation.ts';

const INDEX_BITS = 9;
const ROOT_SHIFT = 30;
const POOL_SIZE = 512;

/** @param slots every slot that was ever used */
export function vspaceViolations(kernel: Kernel, slots: readonly Slot[]): Violation[] {
  const check = new Check(slots);
  for (const [base, pool] of kernel.asidPools) check.pool(base, pool);
  return check.violations;
}

const NONE: readonly never[] = [];

class Check {
  readonly violations: Violation[] = [];
  /** By the id of the object that is mapped. */
  private readonly mappings: ((FrameCap | PageTableCap)[] | undefined)[] = [];

  constructor(slots: readonly Slot[]) {
    const { mappings } = this;
    for (const { cap } of slots) {
      if (!isMapped(cap)) continue;
      const { id } = cap.object;
      const caps = mappings[id];
      if (caps === undefined) mappings[id] = [cap];
      else caps.push(cap);
    }
  }

  pool(base: number, pool: AsidPool): void {
    this.expect('asid-pool', pool.alive && pool.base === base, pool, `is the pool of identifiers from ${base} on by mistake`);
    for (const [asid, vspace] of pool.vspaces) {
      if (asid <= 0 || asid < base || asid >= base + POOL_SIZE) this.expect('asid-pool', false, pool, `names identifier ${asid}, which is not its own`);
      const known = this.capsOf(vspace).some(({ mapping }) => mapping!.asid === asid);
      if (!vspace.alive || !known) this.expect('asid-pool', false, vspace, `has identifier ${asid}, but no capability says so`);
      this.table(vspace, asid, 0, ROOT_SHIFT);
    }
  }

  /** @param start the address that the table's first entry translates */
  private table(table: PageTable, asid: number, start: number, shift: number): void {
    for (const [index, entry] of table.entries) {
      const address = start + index * 2 ** shift;
      if ('frame' in entry) {
        this.page(entry.frame, entry.rights, asid, address, shift);
        continue;
      }
      const { table: lower } = entry;
      if (!lower.alive || this.capAt(lower, asid, address) === undefined) this.expect('table-mapping', false, lower, `is mapped at ${hex(asid, address)}, but no capability says so`);
      if (shift > ROOT_SHIFT - 2 * INDEX_BITS) this.table(lower, asid, address, shift - INDEX_BITS);
      else this.expect('table-mapping', false, lower, `is mapped below the lowest level at ${hex(asid, address)}`);
    }
  }

  private page(frame: Frame, rights: number, asid: number, address: number, shift: number): void {
    const cap = this.capAt(frame, asid, address);
    const hasRights = cap?.type !== CAP_TYPE.Frame || cap.rights >= rights;
    // Where it is takes time to write down, and nearly every page is where it should be.
    if (frame.sizeBits === shift && frame.alive && cap !== undefined && hasRights) return;
    const where = hex(asid, address);
    this.expect('page-mapping', frame.sizeBits === shift, frame, `is mapped at ${where}, where pages have another size`);
    this.expect('page-mapping', frame.alive && cap !== undefined, frame, `is mapped at ${where}, but no capability says so`);
    this.expect('page-mapping', hasRights, frame, `is mapped at ${where} with more rights than its capability has`);
  }

  private capsOf(object: KernelObject): readonly (FrameCap | PageTableCap)[] {
    return this.mappings[object.id] ?? NONE;
  }

  private capAt(object: KernelObject, asid: number, address: number): FrameCap | PageTableCap | undefined {
    const hi = Math.floor(address / 2 ** 32);
    for (const cap of this.capsOf(object)) {
      const mapping = cap.mapping!;
      if (mapping.asid === asid && mapping.address.lo === address >>> 0 && mapping.address.hi === hi) return cap;
    }
    return undefined;
  }

  private expect(name: InvariantName, condition: boolean, object: KernelObject, problem: string): void {
    if (!condition) this.violations.push({ name, detail: `${objectName(object)} ${problem}` });
  }
}

function isMapped(cap: Capability): cap is FrameCap | PageTableCap {
  return (cap.type === CAP_TYPE.Frame || cap.type === CAP_TYPE.PageTable) && cap.mapping !== null;
}

function hex(asid: number, address: number): string {
  return `${toHex(fromNumber(address))} of address space ${asid}`;
}
