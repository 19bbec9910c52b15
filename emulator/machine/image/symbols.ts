// SPDX-License-Identifier: BSD-2-Clause
/** The symbol table of a kernel image, by name and by address. Source: System V gABI, "Symbol Table". */
import { SHT, sectionData, stringAt, type ElfFile } from '../boot/elf64.ts';

export interface KernelSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0 for labels of assembly code. */
  readonly bytes: number;
  readonly isFunction: boolean;
}

const SYMBOL_BYTES = 24;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const SHN_UNDEF = 0;

export class SymbolTable {
  private readonly byName = new Map<string, KernelSymbol>();
  /** Functions and labels by ascending address. */
  private readonly byAddress: KernelSymbol[];

  constructor(symbols: Iterable<KernelSymbol>) {
    const all = [...symbols];
    for (const symbol of all) this.byName.set(symbol.name, symbol);
    this.byAddress = all.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.bytes - b.bytes));
  }

  get size(): number {
    return this.byName.size;
  }

  get(name: string): KernelSymbol | undefined {
    return this.byName.get(name);
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** The symbol whose bytes hold an address, or else the nearest one below it; undefined below all symbols. */
  at(address: bigint): KernelSymbol | undefined {
    let low = 0;
    let high = this.byAddress.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.byAddress[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && i >= low - 8; i--) {
      const symbol = this.byAddress[i]!;
      if (address < symbol.address + BigInt(symbol.bytes)) return symbol;
    }
    return this.byAddress[low - 1];
  }

  [Symbol.iterator](): Iterator<KernelSymbol> {
    return this.byAddress[Symbol.iterator]();
  }
}

/** The symbols of an ELF file that name functions, data and labels; none for a stripped file. */
export function readSymbols(file: ElfFile): SymbolTable {
  const table = file.sections.find((section) => section.type === SHT.symtab);
  const names = table === undefined ? undefined : file.sections[table.link];
  if (table === undefined || names === undefined) return new SymbolTable([]);
  const data = sectionData(file, table);
  const text = sectionData(file, names);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const symbols: KernelSymbol[] = [];
  for (let at = SYMBOL_BYTES; at + SYMBOL_BYTES <= data.length; at += SYMBOL_BYTES) {
    const type = data[at + 4]! & 15;
    const name = stringAt(text, view.getUint32(at, true));
    if (type > STT_FUNC || name === '' || name.startsWith('$') || view.getUint16(at + 6, true) === SHN_UNDEF) continue;
    symbols.push({
      name, address: view.getBigUint64(at + 8, true), bytes: Number(view.getBigUint64(at + 16, true)), isFunction: type !== STT_OBJECT,
    });
  }
  return new SymbolTable(symbols);
}
