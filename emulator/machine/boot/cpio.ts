// SPDX-License-Identifier: BSD-2-Clause
/** Reader of CPIO archives in the new ASCII format (`newc`), as elfloader images carry them. */
import { BootError } from './boot-error.ts';

export interface CpioEntry {
  readonly name: string;
  readonly data: Uint8Array;
}

const MAGIC = '070701';
const HEADER_BYTES = 110;
const HEADER = new RegExp(`^${MAGIC}[0-9a-fA-F]{104}$`);
const TRAILER = 'TRAILER!!!';
/** Offsets of the hexadecimal fields that are read, each of 8 digits. */
const FILE_SIZE = 54;
const NAME_SIZE = 94;

/** Files of an archive in their order. Throws {@link BootError} for a damaged or truncated one. */
export function readCpio(name: string, archive: Uint8Array): CpioEntry[] {
  const entries: CpioEntry[] = [];
  for (let at = 0; ;) {
    const entry = readEntry(name, archive, at);
    if (entry.name === TRAILER) return entries;
    entries.push({ name: entry.name, data: entry.data });
    at = entry.next;
  }
}

/** Offset in a file at which an archive begins: the first multiple of 4 where a whole header stands, not only its magic number. */
export function findCpio(data: Uint8Array): number | undefined {
  for (let at = 0; at + HEADER_BYTES <= data.length; at += 4) {
    if (data[at] === MAGIC.charCodeAt(0) && HEADER.test(ascii(data.subarray(at, at + HEADER_BYTES)))) return at;
  }
  return undefined;
}

function readEntry(archive: string, data: Uint8Array, at: number): CpioEntry & { readonly next: number } {
  const where = `${archive}: CPIO entry at byte ${at}`;
  if (at + HEADER_BYTES > data.length) throw new BootError(`${where} is truncated: the archive has no end mark`);
  const header = ascii(data.subarray(at, at + HEADER_BYTES));
  if (!header.startsWith(MAGIC)) throw new BootError(`${where} does not begin with ${MAGIC}`);
  const size = field(header, FILE_SIZE, where);
  const nameSize = field(header, NAME_SIZE, where);
  const nameEnd = at + HEADER_BYTES + nameSize;
  const begin = align(nameEnd);
  if (begin + size > data.length) throw new BootError(`${where} is truncated: it ends at byte ${begin + size} of ${data.length}`);
  // The name counts its terminating zero.
  return { name: ascii(data.subarray(at + HEADER_BYTES, nameEnd - 1)), data: data.subarray(begin, begin + size), next: align(begin + size) };
}

function field(header: string, offset: number, where: string): number {
  const digits = header.slice(offset, offset + 8);
  if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw new BootError(`${where} has ${JSON.stringify(digits)} in place of a number`);
  return parseInt(digits, 16);
}

function align(offset: number): number {
  return (offset + 3) & ~3;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
