// SPDX-License-Identifier: BSD-2-Clause
/** What the bus asks of a device, and a register file that answers from a table of registers. */

export type AccessBytes = 1 | 2 | 4 | 8;

/** Why a device does not take an access; becomes an access fault and a diagnostic that says so. */
export class Refusal {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A device on the bus. Offsets are from the base of the device. */
export interface Peripheral {
  /** Node name in the device tree, e.g. `plic@c000000`. */
  readonly name: string;
  load(offset: number, bytes: AccessBytes): bigint | Refusal;
  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined;
  /** State that a snapshot keeps: plain JSON. */
  save(): unknown;
  /** Takes what {@link save} returned. */
  restore(saved: unknown): void;
}

/** A register of up to 32 bits, or an array of them. */
export interface Register {
  /** Name in the manual of the device. */
  readonly name: string;
  readonly offset: number;
  /** Elements of an array, and their distance in bytes. */
  readonly count?: number;
  readonly stride?: number;
  /** Sizes of access it takes; 4 bytes if not given. */
  readonly bytes?: readonly AccessBytes[];
  /** Absent: the register can only be written. `index` counts elements. */
  read?(index: number): number;
  /** Absent: the register can only be read. */
  write?(value: number, index: number): void;
}

const WORD: readonly AccessBytes[] = [4];

/** Answers accesses from a table. An access of 8 bytes is one to each half, low first, where both take 4 bytes. */
export class RegisterFile {
  private readonly byOffset = new Map<number, { readonly register: Register; readonly index: number }>();

  constructor(registers: readonly Register[]) {
    for (const register of registers) {
      for (let index = 0; index < (register.count ?? 1); index++) {
        this.byOffset.set(register.offset + index * (register.stride ?? 4), { register, index });
      }
    }
  }

  load(offset: number, bytes: AccessBytes): bigint | Refusal {
    if (bytes === 8) {
      const low = this.load(offset, 4);
      if (low instanceof Refusal) return low;
      const high = this.load(offset + 4, 4);
      return high instanceof Refusal ? high : low | (high << 32n);
    }
    const found = this.find(offset, bytes);
    if (found instanceof Refusal) return found;
    const { register, index } = found;
    return register.read === undefined ? new Refusal(`${register.name} can only be written`) : BigInt(register.read(index) >>> 0);
  }

  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined {
    if (bytes === 8) return this.store(offset, 4, value & 0xffff_ffffn) ?? this.store(offset + 4, 4, value >> 32n);
    const found = this.find(offset, bytes);
    if (found instanceof Refusal) return found;
    const { register, index } = found;
    if (register.write === undefined) return new Refusal(`${register.name} can only be read`);
    register.write(Number(BigInt.asUintN(8 * bytes, value)), index);
    return undefined;
  }

  private find(offset: number, bytes: AccessBytes): { readonly register: Register; readonly index: number } | Refusal {
    const found = this.byOffset.get(offset);
    if (found === undefined) return new Refusal(`no register at offset 0x${offset.toString(16)}`);
    const sizes = found.register.bytes ?? WORD;
    return sizes.includes(bytes) ? found : new Refusal(`${found.register.name} takes accesses of ${sizes.join(' or ')} ${sizes.at(-1) === 1 ? 'byte' : 'bytes'}`);
  }
}
