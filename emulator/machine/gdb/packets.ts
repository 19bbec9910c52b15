// SPDX-License-Identifier: BSD-2-Clause
/**
 * Framing of GDB's remote serial protocol: `$payload#checksum`, acknowledged with `+`, with `}` as escape.
 * Source: the "Remote Protocol" appendix of the GDB manual.
 */

export type Incoming =
  | { readonly kind: 'packet'; readonly payload: Buffer }
  /** A packet whose checksum is wrong: it is asked for again. */
  | { readonly kind: 'damaged' }
  /** The debugger did not understand the last packet. */
  | { readonly kind: 'again' }
  /** Ctrl-C, outside packets. */
  | { readonly kind: 'interrupt' };

const START = 0x24;
const END = 0x23;
const ESCAPE = 0x7d;
const INTERRUPT = 0x03;
const NACK = 0x2d;
/** Longest packet taken; `PacketSize` of qSupported. Bytes. */
export const MAX_PACKET = 0x4000;

/** Cuts a stream of bytes into packets. Bytes between packets that mean nothing are ignored, as the manual asks. */
export class PacketReader {
  private pending = Buffer.alloc(0);

  push(bytes: Uint8Array): Incoming[] {
    this.pending = Buffer.concat([this.pending, bytes]);
    const found: Incoming[] = [];
    let at = 0;
    while (at < this.pending.length) {
      const byte = this.pending[at]!;
      if (byte === INTERRUPT) found.push({ kind: 'interrupt' });
      else if (byte === NACK) found.push({ kind: 'again' });
      if (byte !== START) {
        at++;
        continue;
      }
      const end = this.pending.indexOf(END, at);
      if (end === -1 || end + 3 > this.pending.length) break;
      found.push(unframe(this.pending.subarray(at + 1, end), this.pending.subarray(end + 1, end + 3).toString('latin1')));
      at = end + 3;
    }
    this.pending = Buffer.from(this.pending.subarray(at));
    if (this.pending.length > 2 * MAX_PACKET) this.pending = Buffer.alloc(0);
    return found;
  }
}

/** A packet on the wire. */
export function frame(payload: Buffer | string): Buffer {
  const plain = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const escaped: number[] = [];
  for (const byte of plain) {
    if (byte === START || byte === END || byte === ESCAPE || byte === 0x2a) escaped.push(ESCAPE, byte ^ 0x20);
    else escaped.push(byte);
  }
  return Buffer.concat([Buffer.from('$'), Buffer.from(escaped), Buffer.from(`#${hexByte(checksum(escaped))}`)]);
}

function unframe(body: Buffer, sum: string): Incoming {
  if (Number.parseInt(sum, 16) !== checksum(body)) return { kind: 'damaged' };
  const plain: number[] = [];
  for (let i = 0; i < body.length; i++) plain.push(body[i] === ESCAPE ? (body[++i] ?? 0) ^ 0x20 : body[i]!);
  return { kind: 'packet', payload: Buffer.from(plain) };
}

function checksum(bytes: Iterable<number>): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 0xff;
  return sum;
}

export function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** A word as the protocol wants registers: its 8 bytes in memory order. */
export function hexWord(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.toString('hex');
}

/** The word of 16 hexadecimal digits in memory order; undefined when they are not. */
export function wordOfHex(text: string): bigint | undefined {
  return /^[0-9a-fA-F]{16}$/.test(text) ? Buffer.from(text, 'hex').readBigUInt64LE() : undefined;
}
