// SPDX-License-Identifier: BSD-2-Clause
import type { Bus } from '../hart/hart.ts';
import { Refusal, type AccessBytes, type Peripheral } from './peripheral.ts';

/** A device and where it lies. */
export interface Mapping {
  readonly base: number;
  readonly bytes: number;
  readonly device: Peripheral;
}

/** An access that no device took: the guest got an access fault. Equal ones are counted, not repeated. */
export interface BusDiagnostic {
  readonly kind: 'load' | 'store';
  readonly address: number;
  readonly bytes: AccessBytes;
  /** pc of the first such access. */
  readonly pc: bigint;
  /** `device: reason`, or that nothing is there. */
  readonly reason: string;
  readonly count: number;
}

/** Different accesses that are kept apart; later ones are only counted. */
const KEPT = 64;

/** All that is not RAM: devices by address. */
export class SystemBus implements Bus {
  private readonly mappings: readonly Mapping[];
  private readonly pc: () => bigint;
  private readonly refused = new Map<string, { -readonly [K in keyof BusDiagnostic]: BusDiagnostic[K] }>();
  private readonly onDiagnostic: (diagnostic: BusDiagnostic) => void;
  private stop = false;
  /** Refused accesses beyond the kinds that are kept. */
  unlisted = 0;

  /**
   * `pc` tells which instruction runs; `onDiagnostic` hears of each kind of refused access once. Mappings must not
   * overlap.
   */
  constructor(mappings: readonly Mapping[], pc: () => bigint, onDiagnostic: (diagnostic: BusDiagnostic) => void = () => undefined) {
    this.mappings = [...mappings].sort((one, other) => one.base - other.base);
    this.mappings.forEach((mapping, i) => {
      const before = this.mappings[i - 1];
      if (before !== undefined && before.base + before.bytes > mapping.base) {
        throw new RangeError(`${before.device.name} and ${mapping.device.name} overlap`);
      }
    });
    this.pc = pc;
    this.onDiagnostic = onDiagnostic;
  }

  load(address: number, bytes: AccessBytes): bigint | undefined {
    const mapping = this.find(address, bytes);
    const value = mapping instanceof Refusal ? mapping : mapping.device.load(address - mapping.base, bytes);
    if (!(value instanceof Refusal)) return value;
    this.refuse('load', address, bytes, mapping, value);
    return undefined;
  }

  store(address: number, bytes: AccessBytes, value: bigint): boolean {
    const mapping = this.find(address, bytes);
    const refusal = mapping instanceof Refusal ? mapping : mapping.device.store(address - mapping.base, bytes, value);
    if (refusal === undefined) return true;
    this.refuse('store', address, bytes, mapping, refusal);
    return false;
  }

  stopRequested(): boolean {
    const stop = this.stop;
    this.stop = false;
    return stop;
  }

  /** Makes the hart return after the access that is being made. */
  requestStop(): void {
    this.stop = true;
  }

  /** Every kind of access that was refused, in the order of the first of each. */
  diagnostics(): readonly BusDiagnostic[] {
    return [...this.refused.values()];
  }

  private find(address: number, bytes: number): Mapping | Refusal {
    let low = 0;
    let high = this.mappings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.mappings[middle]!.base <= address) low = middle + 1;
      else high = middle;
    }
    const mapping = this.mappings[low - 1];
    return mapping !== undefined && address + bytes <= mapping.base + mapping.bytes ? mapping : new Refusal('nothing is there');
  }

  private refuse(kind: 'load' | 'store', address: number, bytes: AccessBytes, where: Mapping | Refusal, { reason }: Refusal): void {
    const key = `${kind} ${address} ${bytes}`;
    const known = this.refused.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.refused.size === KEPT) {
      this.unlisted++;
      return;
    }
    const diagnostic = { kind, address, bytes, pc: this.pc(), reason: where instanceof Refusal ? reason : `${where.device.name}: ${reason}`, count: 1 };
    this.refused.set(key, diagnostic);
    this.onDiagnostic(diagnostic);
  }
}

/** One line for people. */
export function diagnosticText({ kind, address, bytes, pc, reason, count }: BusDiagnostic): string {
  const times = count === 1 ? '' : `, ${count} times`;
  return `${kind} of ${bytes} ${bytes === 1 ? 'byte' : 'bytes'} at 0x${address.toString(16)} from pc 0x${pc.toString(16)}: ${reason} (access fault${times})`;
}
