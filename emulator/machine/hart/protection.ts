// SPDX-License-Identifier: BSD-2-Clause
/** Physical memory protection: 16 regions, four-byte grains (Privileged Architecture, "Physical Memory Protection"). */
import { PRIVILEGE, type HartState } from './state.ts';
import type { Access } from './trap.ts';

const PERMISSION: Readonly<Record<Access, number>> = { load: 1, store: 2, execute: 4 };
const LOCKED = 0x80;
const MATCHING = Object.freeze({ off: 0, top: 1, four: 2, power: 3 });

interface Region {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  readonly configuration: number;
}

/** Byte of `pmpcfg` of a region. */
export function configurationOf(state: HartState, region: number): number {
  const word = state.get(region < 8 ? 'pmpcfg0' : 'pmpcfg2');
  return Number((word >> BigInt(8 * (region % 8))) & 0xffn);
}

/** Whether writes to the address register of a region are ignored. */
export function addressLocked(state: HartState, region: number): boolean {
  if ((configurationOf(state, region) & LOCKED) !== 0) return true;
  if (region === 15) return false;
  const above = configurationOf(state, region + 1);
  return (above & LOCKED) !== 0 && ((above >>> 3) & 3) === MATCHING.top;
}

export class Protection {
  private readonly state: HartState;
  private regions: readonly Region[] = [];

  constructor(state: HartState) {
    this.state = state;
  }

  /** Reads the registers anew. */
  refresh(): void {
    this.regions = Array.from({ length: 16 }, (_, index) => regionOf(this.state, index)).filter((region) => region !== undefined);
  }

  /** Whether `bytes` at a physical address may be accessed by a mode. */
  allows(address: number, bytes: number, access: Access, privilege: number): boolean {
    const region = this.regions.find(({ start, end }) => address < end && address + bytes > start);
    // No region is everything for M mode, and nothing for the others.
    if (region === undefined) return privilege === PRIVILEGE.machine;
    if (address < region.start || address + bytes > region.end) return false;
    if (privilege === PRIVILEGE.machine && (region.configuration & LOCKED) === 0) return true;
    return (region.configuration & PERMISSION[access]) !== 0;
  }
}

function regionOf(state: HartState, index: number): Region | undefined {
  const configuration = configurationOf(state, index);
  const address = state.pmpaddr[index]!;
  switch ((configuration >>> 3) & 3) {
    case MATCHING.top:
      return { start: index === 0 ? 0 : Number(state.pmpaddr[index - 1]! << 2n), end: Number(address << 2n), configuration };
    case MATCHING.four:
      return { start: Number(address << 2n), end: Number(address << 2n) + 4, configuration };
    case MATCHING.power: {
      // The number of ones at the low end says how long it is: none is 8 bytes.
      const grain = address ^ (address + 1n);
      const start = Number((address & ~grain) << 2n);
      return { start, end: start + Number((grain + 1n) << 2n), configuration };
    }
    default: return undefined;
  }
}
