// SPDX-License-Identifier: BSD-2-Clause
/** Makes small RISC-V ELF files with sections and symbols, for tests. */

export interface TestSymbol {
  readonly name: string;
  readonly value: bigint;
  /** 8 if not given. */
  readonly size?: number;
  /** `STT` number: 1 object, 2 function; a function if not given. */
  readonly type?: number;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly link: number;
  readonly data: Uint8Array;
}

/** Where a segment lies that takes up memory. */
export interface TestSegment {
  readonly virtualAddress: bigint;
  readonly physicalAddress: bigint;
  /** Its contents, which begin at the entry; one byte of memory without. */
  readonly data?: Uint8Array;
}

const HEADER = 64;
const PROGRAM_HEADER = 56;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const GLOBAL = 1 << 4;
const TYPE = { bits: 1, symbols: 2, strings: 3 };
/** Any section but the undefined one. */
const SOMEWHERE = 1;

/** An executable with these sections; with `symbols` it has a symbol table, with `segment` a segment. */
export function elfWith(sections: Readonly<Record<string, Uint8Array>>, symbols?: readonly TestSymbol[], segment?: TestSegment): Uint8Array {
  const all: Section[] = [{ name: '', type: 0, link: 0, data: new Uint8Array(0) }];
  for (const [name, data] of Object.entries(sections)) all.push({ name, type: TYPE.bits, link: 0, data });
  if (symbols !== undefined) {
    const names = strings(symbols.map((symbol) => symbol.name));
    all.push({ name: '.symtab', type: TYPE.symbols, link: all.length + 1, data: symbolTable(symbols, names.at) });
    all.push({ name: '.strtab', type: TYPE.strings, link: 0, data: names.data });
  }
  const names = strings([...all.map(({ name }) => name), '.shstrtab']);
  all.push({ name: '.shstrtab', type: TYPE.strings, link: 0, data: names.data });

  const programHeaders = segment === undefined ? 0 : 1;
  const contents = segment?.data ?? new Uint8Array(0);
  let end = HEADER + PROGRAM_HEADER * programHeaders + contents.length;
  const places = all.map(({ data }) => { const at = end; end += data.length; return at; });
  const bytes = new Uint8Array(end + SECTION_HEADER * all.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(end), true);
  [HEADER, PROGRAM_HEADER, programHeaders, SECTION_HEADER, all.length, all.length - 1].forEach((value, i) => view.setUint16(52 + 2 * i, value, true));
  if (segment !== undefined) {
    const { virtualAddress, physicalAddress } = segment;
    view.setBigUint64(24, virtualAddress, true);
    view.setBigUint64(32, BigInt(HEADER), true);
    view.setUint32(HEADER, 1, true);
    [BigInt(HEADER + PROGRAM_HEADER), virtualAddress, physicalAddress, BigInt(contents.length), BigInt(Math.max(1, contents.length))]
      .forEach((value, i) => view.setBigUint64(HEADER + 8 + 8 * i, value, true));
    bytes.set(contents, HEADER + PROGRAM_HEADER);
  }
  all.forEach((section, i) => {
    const header = end + SECTION_HEADER * i;
    view.setUint32(header, names.at[i]!, true);
    view.setUint32(header + 4, section.type, true);
    view.setBigUint64(header + 24, BigInt(places[i]!), true);
    view.setBigUint64(header + 32, BigInt(section.data.length), true);
    view.setUint32(header + 40, section.link, true);
    bytes.set(section.data, places[i]!);
  });
  return bytes;
}

function symbolTable(symbols: readonly TestSymbol[], names: readonly number[]): Uint8Array {
  const data = new Uint8Array(SYMBOL * (symbols.length + 1));
  const view = new DataView(data.buffer);
  symbols.forEach(({ value, size, type }, i) => {
    const at = SYMBOL * (i + 1);
    view.setUint32(at, names[i]!, true);
    view.setUint8(at + 4, GLOBAL | (type ?? 2));
    view.setUint16(at + 6, SOMEWHERE, true);
    view.setBigUint64(at + 8, value, true);
    view.setBigUint64(at + 16, BigInt(size ?? 8), true);
  });
  return data;
}

/** A string table and the place of each string in it. */
function strings(texts: readonly string[]): { data: Uint8Array; at: number[] } {
  let all = '\0';
  const at = texts.map((text) => {
    if (text === '') return 0;
    const place = all.length;
    all += `${text}\0`;
    return place;
  });
  return { data: new TextEncoder().encode(all), at };
}
