// SPDX-License-Identifier: BSD-2-Clause
/**
 * A small two-pass assembler for tests and boot stubs. It takes the instructions of the table, their aliases, the
 * compressed ones by the 16-bit `.half`, and:
 *
 * ```
 * label:                    .equ name, value
 * .byte .half .word .dword  value, ...        (values may be labels)
 * .zero count               .align power
 * li rd, value   la rd, label   call label   tail label     # a comment
 * ```
 *
 * Values are numbers (decimal, 0x, 0b, '-'), labels, `.` (the address of the line), names of `.equ`, and sums of these.
 */
import { ALIASES, type Alias } from './aliases.ts';
import { csrNamed } from './csrs.ts';
import { encode, type Operands } from './decode.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { fenceBits, floatRegister, impliedRounding, integerRegister, ROUNDING_MODES } from './registers.ts';

/** What is wrong with a line; `line` counts from 1. */
export class AssemblyError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'AssemblyError';
    this.line = line;
  }
}

export interface Assembled {
  readonly bytes: Uint8Array;
  /** Addresses of labels and values of `.equ`. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

/** One statement after the first pass: how long it is, and its bytes once every symbol is known. */
interface Statement {
  readonly line: number;
  readonly address: bigint;
  readonly bytes: number;
  readonly emit: (symbols: ReadonlyMap<string, bigint>) => readonly number[] | Uint8Array;
}

type Form = Pick<Alias, 'name' | 'instruction' | 'syntax' | 'match' | 'sameSources'>;

const FORMS = new Map<string, Form[]>();
for (const instruction of INSTRUCTIONS) {
  addForm({ name: instruction.name, instruction, syntax: instruction.syntax, match: instruction.match, sameSources: false });
}
for (const alias of ALIASES) if (!alias.compressedOnly) addForm(alias);

function addForm(form: Form): void {
  const forms = FORMS.get(form.name);
  if (forms === undefined) FORMS.set(form.name, [form]); else forms.push(form);
}

const DATA_BYTES: Readonly<Record<string, number>> = { '.byte': 1, '.half': 2, '.word': 4, '.dword': 8 };

/** Assembles a program that will lie at `origin`. Throws an {@link AssemblyError}. */
export function assemble(source: string, origin = 0n): Assembled {
  const symbols = new Map<string, bigint>();
  const statements: Statement[] = [];
  let address = origin;
  for (const [index, raw] of source.split('\n').entries()) {
    const line = index + 1;
    let text = raw.replace(/#.*/, '').trim();
    for (let label = /^([\w.$]+):\s*/.exec(text); label !== null; label = /^([\w.$]+):\s*/.exec(text)) {
      define(symbols, label[1]!, address, line);
      text = text.slice(label[0].length);
    }
    if (text === '') continue;
    const [mnemonic = '', rest = ''] = text.split(/\s+(.*)/s);
    const operands = rest.trim() === '' ? [] : rest.split(',').map((operand) => operand.trim());
    if (mnemonic === '.equ') {
      define(symbols, operands[0] ?? '', valueOf(operands[1] ?? '', symbols, address, line), line);
      continue;
    }
    const statement = statementOf(mnemonic, operands, symbols, address, line);
    statements.push(statement);
    address += BigInt(statement.bytes);
  }
  const bytes = new Uint8Array(Number(address - origin));
  for (const { line, address: at, bytes: length, emit } of statements) {
    const made = emit(symbols);
    if (made.length !== length) throw new AssemblyError(line, `takes ${made.length} bytes in the second pass, ${length} in the first`);
    bytes.set(made, Number(at - origin));
  }
  return { bytes, symbols };
}

function define(symbols: Map<string, bigint>, name: string, value: bigint, line: number): void {
  if (!/^[A-Za-z_.$][\w.$]*$/.test(name)) throw new AssemblyError(line, `'${name}' is no name`);
  if (symbols.has(name)) throw new AssemblyError(line, `${name} is defined twice`);
  symbols.set(name, value);
}

function statementOf(
  mnemonic: string, operands: readonly string[], symbols: ReadonlyMap<string, bigint>, address: bigint, line: number,
): Statement {
  const words = (count: number, make: (known: ReadonlyMap<string, bigint>) => readonly number[]): Statement =>
    ({ line, address, bytes: 4 * count, emit: (known) => make(known).flatMap((word) => littleEndian(BigInt(word), 4)) });
  const unit = DATA_BYTES[mnemonic];
  if (unit !== undefined) {
    return { line, address, bytes: unit * operands.length,
      emit: (known) => operands.flatMap((operand) => littleEndian(valueOf(operand, known, address, line), unit)) };
  }
  switch (mnemonic) {
    case '.zero': case '.align': {
      const value = Number(valueOf(operands[0] ?? '', symbols, address, line));
      const bytes = mnemonic === '.zero' ? value : Number(BigInt.asUintN(value, -address));
      return { line, address, bytes, emit: () => new Uint8Array(bytes) };
    }
    case 'li': {
      const rd = register(operands[0], integerRegister, line);
      const made = loadConstant(rd, BigInt.asIntN(64, valueOf(operands[1] ?? '', symbols, address, line)));
      return words(made.length, () => made);
    }
    case 'la': case 'call': case 'tail': {
      const link = mnemonic === 'la' ? register(operands[0], integerRegister, line) : mnemonic === 'call' ? 1 : 6;
      const label = operands[mnemonic === 'la' ? 1 : 0] ?? '';
      return words(2, (known) => {
        const distance = Number(BigInt.asIntN(64, valueOf(label, known, address, line) - address));
        const low = (distance << 20) >> 20;
        const high = encodeNamed('auipc', { rd: link, imm: (distance - low) | 0 });
        return mnemonic === 'la' ? [high, encodeNamed('addi', { rd: link, rs1: link, imm: low })]
          : [high, encodeNamed('jalr', { rd: mnemonic === 'call' ? 1 : 0, rs1: link, imm: low })];
      });
    }
    default: return words(1, (known) => [instructionWord(mnemonic, operands, known, address, line)]);
  }
}

function encodeNamed(name: string, operands: Partial<Operands>): number {
  return encode(FORMS.get(name)![0]!.instruction, operands);
}

/** The shortest sequence of the usual kind that loads a constant: `lui`, `addiw`, `slli`, `addi`. */
function loadConstant(rd: number, value: bigint): number[] {
  const low = Number(BigInt.asIntN(12, value));
  if (value === BigInt(low)) return [encodeNamed('addi', { rd, imm: low })];
  if (value === BigInt.asIntN(32, value)) {
    const upper = encodeNamed('lui', { rd, imm: (Number(value) - low) | 0 });
    return low === 0 ? [upper] : [upper, encodeNamed('addiw', { rd, rs1: rd, imm: low })];
  }
  let rest = BigInt.asIntN(64, value - BigInt(low)) >> 12n;
  let shift = 12;
  while ((rest & 1n) === 0n) { rest >>= 1n; shift += 1; }
  const made = [...loadConstant(rd, rest), encodeNamed('slli', { rd, rs1: rd, csr: shift })];
  return low === 0 ? made : [...made, encodeNamed('addi', { rd, rs1: rd, imm: low })];
}

function instructionWord(
  mnemonic: string, operands: readonly string[], symbols: ReadonlyMap<string, bigint>, address: bigint, line: number,
): number {
  const ordering = /\.(aq|rl|aqrl)$/.exec(mnemonic);
  const forms = FORMS.get(mnemonic) ?? FORMS.get(mnemonic.slice(0, ordering?.index ?? 0));
  if (forms === undefined) throw new AssemblyError(line, `no instruction is called ${mnemonic}`);
  const text = operands.join(',');
  for (const form of forms) {
    const values = matchSyntax(form.syntax, text);
    if (values === undefined) continue;
    const fields: { -readonly [K in keyof Operands]?: Operands[K] } = {};
    for (const [operand, value] of values) {
      const field = fieldOf(operand, value, symbols, address, line);
      // The two sets of a fence share bits 31:20.
      if (field.csr !== undefined && fields.csr !== undefined) fields.csr |= field.csr; else Object.assign(fields, field);
    }
    if (form.syntax.endsWith(',rm')) fields.rm ??= impliedRounding(form.name);
    if (form.sameSources) fields.rs2 = fields.rs1 ?? 0;
    try {
      const bits = encode(form.instruction, fields);
      const order = ordering === null || FORMS.has(mnemonic) ? 0 : { rl: 1, aq: 2, aqrl: 3 }[ordering[1] as 'rl' | 'aq' | 'aqrl'] << 25;
      return (bits | form.match | order) >>> 0;
    } catch (error) {
      throw new AssemblyError(line, `${mnemonic}: ${(error as Error).message}`);
    }
  }
  throw new AssemblyError(line, `${mnemonic} takes ${forms.map(({ syntax }) => syntax === '' ? 'nothing' : syntax).join(' or ')}, not '${text}'`);
}

/** Pairs of operand and text; undefined when the text does not have the form. */
function matchSyntax(syntax: string, text: string): readonly (readonly [string, string])[] | undefined {
  const names = syntax.match(/[a-z]+[0-9]?/g) ?? [];
  const optionalMode = syntax.endsWith(',rm') ? syntax.replace(/,rm$/, '(?:,rm)?') : syntax;
  const pattern = optionalMode.replace(/imm\((rs1)\)|\((rs1)\)/, (_, withOffset: string | undefined) => withOffset === undefined ? '\\(rs1\\)' : 'imm\\(rs1\\)')
    .replaceAll(/[a-z]+[0-9]?/g, (name) => name === 'imm' ? '([^,()]*)' : '([^,()]+)');
  const found = new RegExp(`^${pattern}$`).exec(text.replaceAll(/\s/g, ''));
  if (found === null) return undefined;
  return names.map((name, index) => [name, found[index + 1]] as const)
    .filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
}

/** The field of the instruction word that an operand's text fills. */
function fieldOf(
  operand: string, text: string, symbols: ReadonlyMap<string, bigint>, address: bigint, line: number,
): Partial<Operands> {
  const number = (): number => Number(valueOf(text, symbols, address, line));
  switch (operand) {
    case 'rd': case 'rs1': case 'rs2': return { [operand]: register(text, integerRegister, line) };
    case 'fd': return { rd: register(text, floatRegister, line) };
    case 'fs1': case 'fs2': case 'fs3': return { [operand.replace('f', 'r')]: register(text, floatRegister, line) };
    case 'imm': return { imm: text === '' ? 0 : number() };
    case 'upper': return { imm: checked(number(), -0x80000, 0xfffff, operand, line) << 12 };
    case 'target': return { imm: Number(BigInt.asIntN(64, valueOf(text, symbols, address, line) - address)) };
    case 'shamt': return { csr: checked(number(), 0, 63, operand, line) };
    case 'shamt5': return { csr: checked(number(), 0, 31, operand, line) };
    case 'uimm': return { rs1: checked(number(), 0, 31, operand, line) };
    case 'csr': return { csr: csrNamed(text)?.number ?? checked(number(), 0, 0xfff, operand, line) };
    case 'rm': {
      const rm = ROUNDING_MODES.indexOf(text);
      if (rm < 0) throw new AssemblyError(line, `'${text}' is no rounding mode: choose from rne, rtz, rdn, rup, rmm, dyn`);
      return { rm };
    }
    default: {
      const bits = fenceBits(text);
      if (bits === undefined) throw new AssemblyError(line, `'${text}' is no set of a fence: letters of iorw, in this order`);
      return { csr: operand === 'pred' ? bits << 4 : bits };
    }
  }
}

function checked(value: number, min: number, max: number, what: string, line: number): number {
  if (value < min || value > max) throw new AssemblyError(line, `${what} ${value} does not fit: ${min} to ${max}`);
  return value;
}

function register(text: string | undefined, numberOf: (name: string) => number | undefined, line: number): number {
  const found = numberOf(text ?? '');
  if (found === undefined) throw new AssemblyError(line, `'${text ?? ''}' is no register of this kind`);
  return found;
}

/** A sum of numbers and symbols. */
function valueOf(text: string, symbols: ReadonlyMap<string, bigint>, address: bigint, line: number): bigint {
  const terms = text.replaceAll(/\s/g, '').match(/[+-]?[^+-]+/g);
  if (terms === null || terms.join('') !== text.replaceAll(/\s/g, '')) throw new AssemblyError(line, `'${text}' is no value`);
  return terms.reduce((sum, term) => {
    const negative = term.startsWith('-');
    const value = termValue(term.replace(/^[+-]/, ''), symbols, address, line);
    return negative ? sum - value : sum + value;
  }, 0n);
}

function termValue(term: string, symbols: ReadonlyMap<string, bigint>, address: bigint, line: number): bigint {
  if (term === '.') return address;
  if (/^(0x[0-9a-f]+|0b[01]+|[0-9]+)$/i.test(term)) return BigInt(term);
  const value = symbols.get(term);
  if (value === undefined) throw new AssemblyError(line, `${term} is not defined`);
  return value;
}

function littleEndian(value: bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}
