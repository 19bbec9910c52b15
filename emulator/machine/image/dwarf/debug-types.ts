// SPDX-License-Identifier: BSD-2-Clause
/**
 * The types that debug information describes, as far as layouts need them: structures with the places of their members,
 * enumerations, type names. Source: DWARF 5 standard (sections 5 and 7.5); version 4 differs in the unit header only.
 */
import { ImageError } from '../image-error.ts';
import { Cursor } from './cursor.ts';
import { readForm, readWord, type UnitEncoding, type Value } from './forms.ts';

/** Contents of a section, empty when the file does not have it. */
export type SectionReader = (name: string) => Uint8Array;

interface Entry {
  readonly tag: number;
  name: string;
  /** DW_AT_byte_size. */
  bytes: number;
  /** DW_AT_data_member_location of a member, DW_AT_const_value of an enumerator. */
  value: number;
  /** Place of the entry's type; 0 for none. */
  type: number;
  readonly children: Entry[];
}

interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Attribute, form, and value of an implicit constant. */
  readonly attributes: readonly (readonly [number, number, number])[];
}

const TAG = { enumeration: 0x04, member: 0x0d, structure: 0x13, typedef: 0x16, union: 0x17, const: 0x26, enumerator: 0x28, volatile: 0x35 } as const;
const KEPT: ReadonlySet<number> = new Set(Object.values(TAG));
const ALIASES: ReadonlySet<number> = new Set([TAG.typedef, TAG.const, TAG.volatile]);
const AT = { name: 0x03, byteSize: 0x0b, constValue: 0x1c, dataMemberLocation: 0x38, type: 0x49, strOffsetsBase: 0x72 } as const;
const SKELETON_UNITS: ReadonlySet<number> = new Set([0x04, 0x05]);
const TYPE_UNITS: ReadonlySet<number> = new Set([0x02, 0x06]);

/** A structure of the debug information. */
export interface StructLayout {
  readonly bytes: number;
  readonly members: readonly string[];
}

export class DebugTypes {
  private readonly structs = new Map<string, Entry>();
  private readonly entries: ReadonlyMap<number, Entry>;
  private readonly enumerations: Entry[] = [];

  /** Reads `.debug_info`. Throws {@link ImageError} for debug information that is damaged or in an unknown version. */
  constructor(section: SectionReader) {
    this.entries = new InfoReader(section).read();
    for (const entry of this.entries.values()) {
      if ((entry.tag === TAG.structure || entry.tag === TAG.union) && entry.name !== '' && entry.children.length > 0) this.structs.set(entry.name, entry);
      if (entry.tag === TAG.enumeration) this.enumerations.push(entry);
    }
    // A structure without a tag is known by its type name.
    for (const entry of this.entries.values()) {
      const target = entry.tag === TAG.typedef ? this.resolve(entry.type) : undefined;
      if (target !== undefined && target.children.length > 0 && target.tag !== TAG.enumeration && !this.structs.has(entry.name)) this.structs.set(entry.name, target);
    }
  }

  /** Whether the file has debug information of C code at all. */
  get isEmpty(): boolean {
    return this.structs.size === 0;
  }

  struct(name: string): StructLayout | undefined {
    const entry = this.structs.get(name);
    return entry === undefined ? undefined : { bytes: entry.bytes, members: entry.children.map((c) => c.name) };
  }

  /** Bytes from the start of a structure to a member, or a member of a member. */
  offsetOf(struct: string, ...path: string[]): number | undefined {
    let entry = this.structs.get(struct);
    let offset = 0;
    for (const name of path) {
      const member = entry?.children.find((c) => c.tag === TAG.member && c.name === name);
      if (member === undefined) return undefined;
      offset += member.value;
      entry = this.resolve(member.type);
    }
    return offset;
  }

  /** The enumerators of the enumeration that has a name, or has an enumerator of this name. */
  enumeration(nameOrEnumerator: string): ReadonlyMap<string, number> | undefined {
    const entry = this.enumerations.find((e) => e.name === nameOrEnumerator)
      ?? this.enumerations.find((e) => e.children.some((c) => c.name === nameOrEnumerator));
    return entry === undefined ? undefined : new Map(entry.children.map((c) => [c.name, c.value]));
  }

  private resolve(offset: number): Entry | undefined {
    let entry = this.entries.get(offset);
    for (let depth = 0; entry !== undefined && ALIASES.has(entry.tag) && depth < 16; depth++) entry = this.entries.get(entry.type);
    return entry;
  }
}

class InfoReader {
  private readonly info: Cursor;
  private readonly section: SectionReader;
  private readonly entries = new Map<number, Entry>();
  private readonly abbreviations = new Map<number, Map<number, Abbreviation>>();
  private readonly strings = new Map<string, Uint8Array>();
  private strOffsetsBase = 8;

  constructor(section: SectionReader) {
    this.section = section;
    this.info = new Cursor(section('.debug_info'), '.debug_info');
  }

  read(): ReadonlyMap<number, Entry> {
    while (!this.info.done) this.readUnit();
    return this.entries;
  }

  private readUnit(): void {
    const { info } = this;
    const start = info.at;
    let length = info.u32();
    const offsetBytes = length === 0xffff_ffff ? 8 : 4;
    if (offsetBytes === 8) length = Number(info.u64());
    const end = info.at + length;
    const version = info.u16();
    if (version !== 4 && version !== 5) throw new ImageError(`debug information of DWARF version ${version}: 4 and 5 can be read`);
    let abbreviationsAt: number;
    let addressBytes: number;
    let unitType = 0;
    if (version === 5) {
      unitType = info.u8();
      addressBytes = info.u8();
      abbreviationsAt = readWord(info, offsetBytes);
    } else {
      abbreviationsAt = readWord(info, offsetBytes);
      addressBytes = info.u8();
    }
    if (SKELETON_UNITS.has(unitType)) info.skip(8);
    if (TYPE_UNITS.has(unitType)) info.skip(8 + offsetBytes);
    this.readEntries(end, this.abbreviationsAt(abbreviationsAt), { addressBytes, offsetBytes, start });
    info.at = end;
  }

  private readEntries(end: number, abbreviations: ReadonlyMap<number, Abbreviation>, unit: UnitEncoding): void {
    const { info } = this;
    /** Entries that we are inside of; undefined for those that are not kept. */
    const parents: (Entry | undefined)[] = [];
    while (info.at < end) {
      const place = info.at;
      const code = info.uleb();
      if (code === 0) {
        parents.pop();
        if (parents.length === 0) return;
        continue;
      }
      const abbreviation = abbreviations.get(code);
      if (abbreviation === undefined) throw new ImageError(`.debug_info is damaged: no abbreviation ${code} at byte ${place}`);
      const entry = this.readEntry(abbreviation, unit, parents.length === 0);
      if (entry !== undefined) {
        this.entries.set(place, entry);
        parents[parents.length - 1]?.children.push(entry);
      }
      if (abbreviation.hasChildren) parents.push(entry);
      else if (parents.length === 0) return;
    }
  }

  private readEntry(abbreviation: Abbreviation, unit: UnitEncoding, isUnit: boolean): Entry | undefined {
    const entry: Entry | undefined = KEPT.has(abbreviation.tag)
      ? { tag: abbreviation.tag, name: '', bytes: 0, value: 0, type: 0, children: [] }
      : undefined;
    for (const [attribute, form, constant] of abbreviation.attributes) {
      const value = readForm(this.info, form, unit, constant);
      if (isUnit && attribute === AT.strOffsetsBase && value.kind === 'number') this.strOffsetsBase = value.value;
      if (entry === undefined) continue;
      if (attribute === AT.name) entry.name = this.text(value, unit);
      else if (attribute === AT.byteSize && value.kind === 'number') entry.bytes = value.value;
      else if ((attribute === AT.dataMemberLocation || attribute === AT.constValue) && value.kind === 'number') entry.value = value.value;
      else if (attribute === AT.type && value.kind === 'reference') entry.type = value.offset;
    }
    return entry;
  }

  private text(value: Value, unit: UnitEncoding): string {
    switch (value.kind) {
      case 'string': return value.value;
      case 'stringAt': return this.stringOf(value.section, value.offset);
      case 'stringIndex': {
        const offsets = new Cursor(this.sectionOf('.debug_str_offsets'), '.debug_str_offsets', this.strOffsetsBase + value.index * unit.offsetBytes);
        return this.stringOf('.debug_str', readWord(offsets, unit.offsetBytes));
      }
      default: return '';
    }
  }

  private stringOf(section: string, offset: number): string {
    return new Cursor(this.sectionOf(section), section, offset).string();
  }

  private sectionOf(name: string): Uint8Array {
    let data = this.strings.get(name);
    if (data === undefined) this.strings.set(name, (data = this.section(name)));
    return data;
  }

  private abbreviationsAt(offset: number): ReadonlyMap<number, Abbreviation> {
    let table = this.abbreviations.get(offset);
    if (table !== undefined) return table;
    table = new Map();
    this.abbreviations.set(offset, table);
    const cursor = new Cursor(this.sectionOf('.debug_abbrev'), '.debug_abbrev', offset);
    for (let code = cursor.uleb(); code !== 0; code = cursor.uleb()) {
      const tag = cursor.uleb();
      const hasChildren = cursor.u8() === 1;
      const attributes: [number, number, number][] = [];
      for (;;) {
        const attribute = cursor.uleb();
        const form = cursor.uleb();
        const constant = form === 0x21 ? cursor.sleb() : 0;
        if (attribute === 0 && form === 0) break;
        attributes.push([attribute, form, constant]);
      }
      table.set(code, { tag, hasChildren, attributes });
    }
    return table;
  }
}
