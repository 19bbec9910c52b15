// SPDX-License-Identifier: BSD-2-Clause
/** Memory as the running thread of a machine sees it: through the address space that the kernel gave the hart. */
import type { AccessBytes } from '../../host.ts';
import type { Machine } from '../boot/machine.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { HART, PAGE_BYTES } from '../memory/layout.ts';

const PAGE_FAULT = { load: 13, store: 15, execute: 12 } as const;
const ACCESS_FAULT = { load: 5, store: 7, execute: 1 } as const;
const PPN = (1n << 44n) - 1n;

export type UserAccess = keyof typeof PAGE_FAULT;

export class UserMemory {
  /** Of the last access that failed: scause, and stval. */
  cause = 0;
  value = 0n;
  private readonly machine: Machine;
  private readonly kernelRoot: bigint | undefined;

  constructor(machine: Machine, image: KernelImage) {
    this.machine = machine;
    const root = image.symbols.get('kernel_root_pageTable')?.address;
    this.kernelRoot = root === undefined ? undefined : (root & 0xffff_ffffn) / BigInt(PAGE_BYTES);
  }

  /** Whether the hart has an address space of a user: a thread without one runs in the kernel's, where nothing is its own. */
  get exists(): boolean {
    return (this.machine.state.word(HART.satp) & PPN) !== this.kernelRoot;
  }

  /** The bytes as one little-endian number; undefined for an access that raises an exception. A misaligned one is made of bytes. */
  load(address: bigint, bytes: AccessBytes): bigint | undefined {
    if (address % BigInt(bytes) === 0n) return this.loadAligned(address, bytes);
    let value = 0n;
    for (let i = 0; i < bytes; i++) {
      const byte = this.loadAligned(address + BigInt(i), 1);
      if (byte === undefined) return undefined;
      value |= byte << BigInt(8 * i);
    }
    return value;
  }

  /** False for an access that raises an exception; then nothing was written. */
  store(address: bigint, bytes: AccessBytes, value: bigint): boolean {
    if (address % BigInt(bytes) === 0n) return this.storeAligned(address, bytes, value);
    const last = address + BigInt(bytes - 1);
    if (this.place(address, 'store') === undefined || this.place(last, 'store') === undefined) return false;
    for (let i = 0; i < bytes; i++) {
      if (!this.storeAligned(address + BigInt(i), 1, (value >> BigInt(8 * i)) & 0xffn)) return false;
    }
    return true;
  }

  /** scause of the exception that a fetch raises, 0 for none. */
  fetchFault(address: bigint): number {
    const place = this.place(address, 'execute');
    if (place !== undefined && !this.machine.memory.contains(place, 2)) this.fail(ACCESS_FAULT, 'execute', address);
    else if (place !== undefined) this.cause = 0;
    return this.cause;
  }

  private loadAligned(address: bigint, bytes: AccessBytes): bigint | undefined {
    const place = this.place(address, 'load');
    if (place === undefined) return undefined;
    const { memory, bus } = this.machine;
    if (memory.contains(place, bytes)) return number(memory.read(place, bytes));
    const value = bus.load(place, bytes);
    if (value === undefined) this.fail(ACCESS_FAULT, 'load', address);
    return value;
  }

  private storeAligned(address: bigint, bytes: AccessBytes, value: bigint): boolean {
    const place = this.place(address, 'store');
    if (place === undefined) return false;
    const { memory, bus } = this.machine;
    if (memory.contains(place, bytes)) {
      memory.write(place, Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
      return true;
    }
    return bus.store(place, bytes, value) || this.fail(ACCESS_FAULT, 'store', address);
  }

  private place(address: bigint, access: UserAccess): number | undefined {
    const place = this.machine.hart.translate(address, access);
    if (place === undefined) this.fail(PAGE_FAULT, access, address);
    return place;
  }

  private fail(causes: Readonly<Record<UserAccess, number>>, access: UserAccess, address: bigint): false {
    this.cause = causes[access];
    this.value = address;
    return false;
  }
}

function number(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
