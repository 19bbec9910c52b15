// SPDX-License-Identifier: BSD-2-Clause
/**
 * Reader of 64-bit little-endian RISC-V ELF files (System V gABI; RISC-V ELF psABI). File offsets and sizes are numbers:
 * a file that this process can hold has no larger ones.
 */
import { BootError, hex } from './boot-error.ts';

/** Values of `p_type`, `sh_type` that are read here. */
export const PT_LOAD = 1;
export const SHT = Object.freeze({ symtab: 2, strtab: 3, nobits: 8 });
/** Bits of `p_flags`. */
export const PF = Object.freeze({ execute: 1, write: 2, read: 4 });

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_RISCV = 243;

/** A program header. */
export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly virtualAddress: bigint;
  readonly physicalAddress: bigint;
  readonly offset: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

/** A section header. */
export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: number;
  readonly bytes: number;
  /** `sh_link`: the section that this one refers to. */
  readonly link: number;
  readonly entryBytes: number;
}

/** A file whose headers are sound: every segment and section lies in the file. */
export interface ElfFile {
  /** As given, for messages. */
  readonly name: string;
  readonly data: Uint8Array;
  readonly entry: bigint;
  /** `ET_DYN`: runs wherever it is put. */
  readonly positionIndependent: boolean;
  readonly segments: readonly Segment[];
  /** Empty for a file without section headers. */
  readonly sections: readonly Section[];
}

/** Whether a file begins as an ELF file does. */
export function looksLikeElf(data: Uint8Array): boolean {
  return data[0] === 0x7f && data[1] === 0x45 && data[2] === 0x4c && data[3] === 0x46;
}

/** Reads the headers. Throws {@link BootError} for what is no executable of this machine, or is cut short. */
export function readElf(name: string, data: Uint8Array): ElfFile {
  const fail = (what: string): never => { throw new BootError(`${name}: ${what}`); };
  if (!looksLikeElf(data)) fail('not an ELF file');
  if (data.length < HEADER_BYTES) fail(`truncated: an ELF header has ${HEADER_BYTES} bytes, the file has ${data.length}`);
  if (data[4] !== 2) fail('a 32-bit ELF file: the machine is RV64');
  if (data[5] !== 1) fail('a big-endian ELF file: RISC-V is little-endian');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const machine = view.getUint16(18, true);
  if (machine !== EM_RISCV) fail(`built for machine ${machine}, not for RISC-V (${EM_RISCV})`);
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) fail(`ELF type ${type}: not an executable`);

  const header = new Fields(view, 0, name);
  const segments = table(view, name, 'program header', header.offset(32), header.u16(56), header.u16(54), PROGRAM_HEADER_BYTES)
    .map((fields, i) => segment(fields, data.length, `${name}: segment ${i}`));
  return { name, data, entry: header.word(24), positionIndependent: type === ET_DYN, segments, sections: sections(view, name, header) };
}

/** The bytes that the file has for a segment. */
export function segmentData(file: ElfFile, segment: Segment): Uint8Array {
  return file.data.subarray(segment.offset, segment.offset + segment.fileBytes);
}

/** The bytes of a section; empty for one without file contents. */
export function sectionData(file: ElfFile, section: Section): Uint8Array {
  return section.type === SHT.nobits ? new Uint8Array(0) : file.data.subarray(section.offset, section.offset + section.bytes);
}

/** Segments that take up memory. Throws {@link BootError} when there is none. */
export function loadable(file: ElfFile): readonly Segment[] {
  const found = file.segments.filter((each) => each.type === PT_LOAD && each.memoryBytes > 0);
  if (found.length === 0) throw new BootError(`${file.name}: nothing to load: it has no PT_LOAD segment`);
  return found;
}

function segment(fields: Fields, fileLength: number, what: string): Segment {
  const found = {
    type: fields.u32(0), flags: fields.u32(4), offset: fields.offset(8), virtualAddress: fields.word(16), physicalAddress: fields.word(24),
    fileBytes: fields.offset(32), memoryBytes: fields.offset(40),
  };
  within(found.offset, found.fileBytes, fileLength, what);
  if (found.type === PT_LOAD && found.fileBytes > found.memoryBytes) {
    throw new BootError(`${what} has more bytes in the file (${found.fileBytes}) than in memory (${found.memoryBytes})`);
  }
  return found;
}

function sections(view: DataView, name: string, header: Fields): Section[] {
  const offset = header.offset(40);
  if (offset === 0) return [];
  const headers = table(view, name, 'section header', offset, header.u16(60), header.u16(58), SECTION_HEADER_BYTES);
  const raw = headers.map((fields, i) => {
    const section = {
      nameAt: fields.u32(0), type: fields.u32(4), flags: fields.word(8), address: fields.word(16), offset: fields.offset(24), bytes: fields.offset(32),
      link: fields.u32(40), entryBytes: fields.offset(56),
    };
    if (section.type !== SHT.nobits) within(section.offset, section.bytes, view.byteLength, `${name}: section ${i}`);
    return section;
  });
  const names = raw[header.u16(62)];
  const text = names === undefined ? new Uint8Array(0) : new Uint8Array(view.buffer, view.byteOffset + names.offset, names.bytes);
  return raw.map(({ nameAt, ...section }) => ({ name: stringAt(text, nameAt), ...section }));
}

function table(view: DataView, name: string, what: string, offset: number, count: number, bytes: number, expected: number): Fields[] {
  if (count === 0) return [];
  if (bytes !== expected) throw new BootError(`${name}: a ${what} of ${bytes} bytes, not ${expected}`);
  within(offset, count * bytes, view.byteLength, `${name}: table of ${what}s`);
  return Array.from({ length: count }, (_, i) => new Fields(view, offset + i * bytes, name));
}

function within(offset: number, bytes: number, fileLength: number, what: string): void {
  if (offset + bytes > fileLength) throw new BootError(`${what} is truncated: it ends at byte ${offset + bytes} of a file of ${fileLength}`);
}

/** A zero-terminated string in a string table. */
export function stringAt(table: Uint8Array, offset: number): string {
  const end = table.indexOf(0, offset);
  return new TextDecoder().decode(table.subarray(offset, end === -1 ? table.length : end));
}

/** Fields of a header at an offset of the file. */
class Fields {
  private readonly view: DataView;
  private readonly at: number;
  private readonly name: string;

  constructor(view: DataView, at: number, name: string) {
    this.view = view;
    this.at = at;
    this.name = name;
  }

  u16(offset: number): number {
    return this.view.getUint16(this.at + offset, true);
  }

  u32(offset: number): number {
    return this.view.getUint32(this.at + offset, true);
  }

  word(offset: number): bigint {
    return this.view.getBigUint64(this.at + offset, true);
  }

  /** A file offset or a size. */
  offset(offset: number): number {
    const value = this.word(offset);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BootError(`${this.name}: an offset or size of ${hex(value)} is beyond any file`);
    return Number(value);
  }
}
