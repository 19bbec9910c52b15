// SPDX-License-Identifier: BSD-2-Clause

/** A file that cannot be booted: says which and why. */
export class BootError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BootError';
  }
}

/** Hexadecimal with prefix, for messages. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
