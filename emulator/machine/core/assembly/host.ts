// SPDX-License-Identifier: BSD-2-Clause
/** What the core asks of the host. */

/** Reads `size` bytes of a device. `hostOutcome` tells how it went. */
@external('host', 'load') export declare function hostLoad(address: f64, size: u32): u64;
@external('host', 'store') export declare function hostStore(address: f64, size: u32, value: u64): void;
/** Of the last access: bit 0 refused, bit 1 the host wants the hart to return. */
@external('host', 'outcome') export declare function hostOutcome(): u32;
/** Throws: more pages are non-zero than the memory has frames for. */
@external('host', 'outOfFrames') export declare function outOfFrames(): void;
