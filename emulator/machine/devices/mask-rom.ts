// SPDX-License-Identifier: BSD-2-Clause
import { Refusal, type AccessBytes, type Peripheral } from './peripheral.ts';

/** Read-only memory of the platform. What nothing was put into reads as zero. */
export class MaskRom implements Peripheral {
  readonly name = 'mrom@1000';
  private readonly contents: Uint8Array;

  constructor(bytes: number) {
    this.contents = new Uint8Array(bytes);
  }

  /** Makes the ROM with these contents. */
  program(data: Uint8Array): void {
    this.contents.fill(0);
    this.contents.set(data);
  }

  load(offset: number, bytes: AccessBytes): bigint {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.contents[offset + i]!);
    return value;
  }

  store(): Refusal {
    return new Refusal('read-only memory cannot be written');
  }

  save(): string {
    return Buffer.from(this.contents).toString('base64');
  }

  restore(saved: unknown): void {
    this.program(Buffer.from(saved as string, 'base64'));
  }
}
