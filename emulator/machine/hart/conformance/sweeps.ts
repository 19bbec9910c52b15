// SPDX-License-Identifier: BSD-2-Clause
/** Programs that apply operations to all combinations of boundary operands and store every result. */
import { INSTRUCTIONS, type Extension, type Instruction } from '../../isa/instructions.ts';
import { COMPRESSED_STEPS } from './compressed-steps.ts';
import type { ConformanceProgram } from './driver.ts';
import { programOf, step, type Step, type Sweep } from './sweep.ts';

const INTEGERS: readonly bigint[] = [
  0n, 1n, 2n, 7n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8000_0000_0000_0001n, 0xffff_ffff_8000_0000n, 0xffff_ffff_ffff_fffen, 0xffff_ffff_ffff_ffffn,
  0x0123_4567_89ab_cdefn, 0xfedc_ba98_7654_3210n,
];

const DOUBLES: readonly bigint[] = [
  0n, 0x8000_0000_0000_0000n, 0x3ff0_0000_0000_0000n, 0xbff0_0000_0000_0000n, 0x3ff0_0000_0000_0001n, 0x3fe0_0000_0000_0000n,
  0x4000_0000_0000_0000n, 0xbff8_0000_0000_0000n, 0x4340_0000_0000_0000n, 0xc340_0000_0000_0001n, 0x3ca0_0000_0000_0000n,
  0x0000_0000_0000_0001n, 0x800f_ffff_ffff_ffffn, 0x0010_0000_0000_0000n, 0x8010_0000_0000_0001n, 0x001f_ffff_ffff_ffffn,
  0x7fef_ffff_ffff_ffffn, 0xffef_ffff_ffff_fffen, 0x7ff0_0000_0000_0000n, 0xfff0_0000_0000_0000n, 0x7ff8_0000_0000_0000n,
  0xfff8_0000_0000_1234n, 0x7ff0_0000_0000_0001n, 0xfff4_0000_0000_0000n,
];

const boxed = (single: bigint): bigint => 0xffff_ffff_0000_0000n | single;
const SINGLES: readonly bigint[] = [
  ...[
    0n, 0x8000_0000n, 0x3f80_0000n, 0xbf80_0000n, 0x3f80_0001n, 0x3f00_0000n, 0x4000_0000n, 0xbfc0_0000n, 0x4b80_0000n, 0xcb80_0001n,
    0x3380_0000n, 0x0000_0001n, 0x807f_ffffn, 0x0080_0000n, 0x8080_0001n, 0x00ff_ffffn, 0x7f7f_ffffn, 0xff7f_fffen, 0x7f80_0000n,
    0xff80_0000n, 0x7fc0_0000n, 0x7f80_0001n,
  ].map(boxed),
  // Not boxed: a NaN, whatever the low half is.
  0x3f80_0000n, 0xffff_fffe_3f80_0000n,
];

/** Doubles near the limits of every integer type and of singles. */
const CONVERTED_DOUBLES: readonly bigint[] = [
  ...DOUBLES, 0x41df_ffff_ffc0_0000n, 0x41df_ffff_ffe0_0000n, 0x41e0_0000_0000_0000n, 0xc1e0_0000_0000_0000n, 0xc1e0_0000_0020_0000n,
  0x41ef_ffff_ffe0_0000n, 0x41ef_ffff_fff0_0000n, 0x41f0_0000_0000_0000n, 0x43df_ffff_ffff_ffffn, 0x43e0_0000_0000_0000n, 0xc3e0_0000_0000_0000n,
  0xc3e0_0000_0000_0001n, 0x43ef_ffff_ffff_ffffn, 0x43f0_0000_0000_0000n, 0xbfe0_0000_0000_0000n, 0xbfef_ffff_ffff_ffffn, 0x4004_0000_0000_0000n,
  0x400c_0000_0000_0000n, 0x47ef_ffff_e000_0000n, 0x47ef_ffff_f000_0000n, 0x380f_ffff_ffff_ffffn, 0x3690_0000_0000_0000n, 0x36a0_0000_0000_0000n,
  0x380f_ffff_f000_0000n, 0x3ff0_0000_1000_0000n, 0x3ff0_0000_3000_0000n,
];
const CONVERTED_SINGLES: readonly bigint[] = [
  ...SINGLES, ...[0x4eff_ffffn, 0x4f00_0000n, 0xcf00_0000n, 0xcf00_0001n, 0x4f7f_ffffn, 0x4f80_0000n, 0x5eff_ffffn, 0x5f00_0000n, 0xdf00_0000n,
    0xdf00_0001n, 0x5f7f_ffffn, 0x5f80_0000n, 0xbf00_0000n, 0xbf7f_ffffn, 0x4020_0000n, 0x4060_0000n].map(boxed),
];

const MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm'];
const named = (extension: Extension, predicate: (row: Instruction) => boolean): readonly Instruction[] =>
  INSTRUCTIONS.filter((row) => row.extension === extension && predicate(row));

const twoRegisters = ({ syntax }: Instruction): boolean => syntax === 'rd,rs1,rs2';
const BRANCHES = ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'].map((name) =>
  ({ text: `li a0, 1\n ${name} a1, a2, .+8\n li a0, 0`, label: `${name} taken` }));

/** Register to register, immediates, shifts, branches. */
const integerSweeps: readonly Sweep[] = [
  { name: 'I: register operations and branches', operands: INTEGERS, sources: 2, kind: 'integer',
    steps: [...named('I', twoRegisters).map(({ name }) => step(`${name} a0, a1, a2`)), ...BRANCHES] },
  { name: 'I: immediate operations', operands: INTEGERS, sources: 1, kind: 'integer',
    steps: [
      ...['addi', 'slti', 'sltiu', 'xori', 'ori', 'andi', 'addiw'].flatMap((name) =>
        [0, 1, -1, 2047, -2048, 0x55].map((imm) => step(`${name} a0, a1, ${imm}`))),
      ...['slli', 'srli', 'srai'].flatMap((name) => [0, 1, 31, 32, 63].map((amount) => step(`${name} a0, a1, ${amount}`))),
      ...['slliw', 'srliw', 'sraiw'].flatMap((name) => [0, 1, 31].map((amount) => step(`${name} a0, a1, ${amount}`))),
      ...[0, 1, -1, 0x7ffff, -0x80000].map((upper) => step(`lui a0, ${upper}`)),
    ] },
  { name: 'M', operands: INTEGERS, sources: 2, kind: 'integer', steps: named('M', twoRegisters).map(({ name }) => step(`${name} a0, a1, a2`)) },
  { name: 'A', operands: INTEGERS, sources: 2, kind: 'integer',
    steps: named('A', ({ name }) => name.startsWith('amo')).flatMap(({ name }) => [
      { text: `li t0, scratch\n sd a1, 0(t0)\n ${name} a0, a2, (t0)`, label: `${name}: read` },
      { text: `li t0, scratch\n ld a0, 0(t0)`, label: `${name}: memory` },
    ]) },
  { name: 'C', operands: INTEGERS.filter((_, index) => index % 3 === 0), sources: 2, kind: 'integer', steps: COMPRESSED_STEPS },
  { name: 'loads and stores', operands: INTEGERS, sources: 1, kind: 'integer',
    steps: ['sb', 'sh', 'sw', 'sd'].flatMap((store) => ['lb', 'lbu', 'lh', 'lhu', 'lw', 'lwu', 'ld'].flatMap((load) => [0, 1, 3, 5, 7].map((offset) => ({
      text: `li t0, scratch\n sd zero, 0(t0)\n sd zero, 8(t0)\n ${store} a1, ${offset}(t0)\n ${load} a0, ${offset}(t0)`,
      label: `${store}, ${load} at ${offset}`,
    })))) },
];

function floatSweeps(suffix: 's' | 'd', values: readonly bigint[], converted: readonly bigint[]): readonly Sweep[] {
  const extension = suffix === 's' ? 'F' : 'D';
  const raw = suffix === 's' ? 'w' : 'd';
  const own = (predicate: (row: Instruction) => boolean): readonly Instruction[] =>
    named(extension, (row) => row.name.includes(`.${suffix}`) && predicate(row));
  const withModes = (text: string): readonly Step[] => MODES.map((mode) => step(`${text}, ${mode}`));
  const fewer = values.filter((_, index) => [0, 1, 2, 5, 7, 11, 12, 13, 16, 18, 20, 21].includes(index));
  return [
    { name: `${extension}: two operands`, operands: values, sources: 2, kind: 'float',
      steps: [
        ...own(({ syntax }) => syntax === 'fd,fs1,fs2,rm').flatMap(({ name }) => withModes(`${name} fa0, fa1, fa2`)),
        ...own(({ syntax }) => syntax === 'fd,fs1,fs2').map(({ name }) => step(`${name} fa0, fa1, fa2`)),
        ...own(({ syntax }) => syntax === 'rd,fs1,fs2').map(({ name }) => step(`${name} a0, fa1, fa2`)),
      ] },
    { name: `${extension}: fused`, operands: fewer, sources: 3, kind: 'float',
      steps: own(({ format }) => format === 'R4').flatMap(({ name }) => withModes(`${name} fa0, fa1, fa2, fa3`)) },
    { name: `${extension}: one operand`, operands: converted, sources: 1, kind: 'float',
      steps: [
        ...withModes(`fsqrt.${suffix} fa0, fa1`),
        ...['w', 'wu', 'l', 'lu'].flatMap((type) => withModes(`fcvt.${type}.${suffix} a0, fa1`)),
        step(`fclass.${suffix} a0, fa1`), step(`fmv.x.${raw} a0, fa1`),
        ...(suffix === 's' ? withModes('fcvt.d.s fa0, fa1') : withModes('fcvt.s.d fa0, fa1')),
      ] },
    { name: `${extension}: from integers`, operands: INTEGERS, sources: 1, kind: 'float',
      steps: [...['w', 'wu', 'l', 'lu'].flatMap((type) => withModes(`fcvt.${suffix}.${type} fa0, a1`)), step(`fmv.${raw}.x fa0, a1`)] },
  ];
}

/** All sweeps. */
export const SWEEPS: readonly ConformanceProgram[] = Object.freeze([
  ...integerSweeps, ...floatSweeps('s', SINGLES, CONVERTED_SINGLES), ...floatSweeps('d', DOUBLES, CONVERTED_DOUBLES),
].map(programOf));
