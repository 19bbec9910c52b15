// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { DebugTypes } from './debug-types.ts';

const TAG = { unit: 0x11, struct: 0x13, member: 0x0d, typedef: 0x16, enumeration: 0x04, enumerator: 0x28, subprogram: 0x2e };
const AT = { name: 0x03, size: 0x0b, constant: 0x1c, location: 0x38, type: 0x49 };
const FORM = { string: 0x08, strp: 0x0e, data1: 0x0b, sdata: 0x0d, ref4: 0x13, implicit: 0x21, exprloc: 0x18 };

/** Number, whether it has children, tag, and pairs of attribute and form. */
const ABBREVIATIONS = [
  [1, TAG.unit, 1, AT.name, FORM.string],
  [2, TAG.struct, 1, AT.name, FORM.strp, AT.size, FORM.data1],
  [3, TAG.member, 0, AT.name, FORM.string, AT.location, FORM.data1, AT.type, FORM.ref4],
  [4, TAG.typedef, 0, AT.name, FORM.string, AT.type, FORM.ref4],
  [5, TAG.enumeration, 1, AT.name, FORM.string],
  [6, TAG.enumerator, 0, AT.name, FORM.string, AT.constant, FORM.sdata],
  [7, TAG.subprogram, 0, AT.name, FORM.string, 0x40, FORM.exprloc],
  [8, TAG.struct, 1, AT.size, FORM.data1],
];

const text = (value: string): number[] => [...new TextEncoder().encode(value), 0];
const u32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** One unit with: struct inner { b at 4 }, typedef inner_t, struct outer { a at 0, in: inner_t at 8 }, an enumeration, an unnamed struct with a type name. */
function sections(version: 4 | 5): (name: string) => Uint8Array {
  const header = version === 5 ? 12 : 11;
  const body: number[] = [];
  const here = (): number => header + body.length;
  body.push(1, ...text('unit.c'));
  body.push(7, ...text('function'), 2, 0x91, 0);
  const inner = here();
  body.push(2, ...u32(1), 16, 3, ...text('b'), 4, ...u32(0), 0);
  const innerType = here();
  body.push(4, ...text('inner_t'), ...u32(inner));
  body.push(2, ...u32(7), 32, 3, ...text('a'), 0, ...u32(0), 3, ...text('in'), 8, ...u32(innerType), 0);
  body.push(5, ...text('syscall'), 6, ...text('SysCall'), 0x7f, 6, ...text('SysMore'), 0x80, 0x01, 0);
  const unnamed = here();
  body.push(8, 24, 3, ...text('x'), 16, ...u32(0), 0);
  body.push(4, ...text('unnamed_t'), ...u32(unnamed), 0);
  const fields = version === 5 ? [5, 0, 1, 8, ...u32(0)] : [4, 0, ...u32(0), 8];
  const info = [...u32(fields.length + body.length), ...fields, ...body];
  const abbreviations = [...ABBREVIATIONS.flatMap((row) => [...row, 0, 0]), 0];
  const all: Record<string, number[]> = { '.debug_info': info, '.debug_abbrev': abbreviations, '.debug_str': [0, ...text('inner'), ...text('outer')] };
  return (name) => Uint8Array.from(all[name] ?? []);
}

describe.each([4, 5] as const)('debug information of DWARF %i', (version) => {
  const types = new DebugTypes(sections(version));

  it('has structures with the places of their members, also through type names', () => {
    expect(types.isEmpty).toBe(false);
    expect(types.struct('outer')).toEqual({ bytes: 32, members: ['a', 'in'] });
    expect(types.offsetOf('outer', 'in')).toBe(8);
    expect(types.offsetOf('outer', 'in', 'b')).toBe(12);
    expect(types.offsetOf('unnamed_t', 'x')).toBe(16);
    expect(types.offsetOf('outer', 'none')).toBeUndefined();
    expect(types.struct('none')).toBeUndefined();
  });

  it('has enumerations, found by their name or by an enumerator', () => {
    expect(types.enumeration('syscall')).toEqual(new Map([['SysCall', -1], ['SysMore', 128]]));
    expect(types.enumeration('SysMore')?.get('SysCall')).toBe(-1);
    expect(types.enumeration('none')).toBeUndefined();
  });

  it('is refused when it is cut off', () => {
    const read = sections(version);
    expect(() => new DebugTypes((name) => (name === '.debug_info' ? read(name).subarray(0, 40) : read(name)))).toThrow('.debug_info is cut off');
    expect(() => new DebugTypes((name) => (name === '.debug_abbrev' ? read(name).subarray(0, 9) : read(name)))).toThrow('.debug_abbrev is cut off');
  });
});

describe('debug information', () => {
  it('is empty without its section', () => {
    expect(new DebugTypes(() => new Uint8Array(0)).isEmpty).toBe(true);
  });

  it('is refused in another version', () => {
    const info = Uint8Array.of(4, 0, 0, 0, 3, 0, 0, 0);
    expect(() => new DebugTypes((name) => (name === '.debug_info' ? info : new Uint8Array(0)))).toThrow('DWARF version 3: 4 and 5 can be read');
  });
});
