// SPDX-License-Identifier: BSD-2-Clause
/** Two harts, the same program, side by side: after every stretch of instructions both must be in the same state. */
import { disassemble } from '../isa/disassemble.ts';
import { HART, PAGE_BYTES, RAM_BASE, STOP_ON, STORE_LOG } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import type { Bus, Hart, Stop } from './hart.ts';
import type { RandomProgram } from './random-program.ts';
import { RandomSource } from './random-source.ts';

/** Makes a hart over a fresh memory. */
export interface HartFactory {
  readonly name: string;
  create(ramBytes: number, bus: Bus): { readonly hart: Hart; readonly memory: PhysicalMemory };
}

export interface LockstepOptions {
  /** Instructions to begin, about; a stretch that stops early counts in full. */
  readonly instructions: number;
  /** Instructions between comparisons. */
  readonly stretch: number;
}

export interface LockstepReport {
  /** Instructions that each hart retired. */
  readonly retired: number;
  /** How often each kind of stop was seen. */
  readonly stops: Readonly<Partial<Record<Stop, number>>>;
}

/** The first difference, as text for people. */
export class LockstepDifference extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LockstepDifference';
  }
}

/** Words that are watched of a page of which not all are. */
const WATCHED_WORDS = 200;
/** Words of the state that are compared: registers and CSRs. */
const COMPARED_BYTES = HART.stopOn;
/** Interrupts that only the board raises: machine software, timer, external, and the two of S mode. */
const BOARD_INTERRUPTS = [3, 7, 11, 5, 9];

/** A device of one register, so that accesses beside RAM are compared too: it answers with what it was told last, plus one. */
class EchoDevice implements Bus {
  private value = 0n;

  load(address: number, bytes: 1 | 2 | 4 | 8): bigint | undefined {
    return address >= 0x1000_0000 && address < 0x1000_1000 ? BigInt.asUintN(8 * bytes, this.value + 1n) : undefined;
  }

  store(address: number, _bytes: 1 | 2 | 4 | 8, value: bigint): boolean {
    if (address < 0x1000_0000 || address >= 0x1000_1000) return false;
    this.value = value;
    return true;
  }

  stopRequested(): boolean {
    return this.value % 7n === 3n;
  }
}

class Side {
  readonly name: string;
  readonly hart: Hart;
  readonly memory: PhysicalMemory;
  readonly state: DataView;

  constructor(factory: HartFactory, program: RandomProgram) {
    this.name = factory.name;
    const { hart, memory } = factory.create(program.ramBytes, new EchoDevice());
    this.hart = hart;
    this.memory = memory;
    this.state = new DataView(memory.memory.buffer);
    memory.write(memory.base, program.image);
    this.state.setBigUint64(HART.pc, program.entry, true);
    this.state.setBigUint64(HART.nsPerInstruction, 7n, true);
    this.state.setBigUint64(HART.nsPerTick, 100n, true);
  }

  get pc(): bigint {
    return this.state.getBigUint64(HART.pc, true);
  }

  get retired(): number {
    return Number(this.state.getBigUint64(HART.instret, true));
  }
}

/**
 * Runs a program on two harts. Between stretches it plays the board: raises and clears interrupts, wakes a hart that
 * waits, empties the store log, changes what the hart stops for. Throws a {@link LockstepDifference} at the first one.
 */
export function lockstep(one: HartFactory, other: HartFactory, program: RandomProgram, options: LockstepOptions): LockstepReport {
  const sides = [new Side(one, program), new Side(other, program)] as const;
  const random = new RandomSource(program.seed ^ 0x5eed);
  const stops: Partial<Record<Stop, number>> = {};
  watchStores(sides, program);
  for (const { hart } of sides) hart.setBreakpoints(program.codeAddresses);
  for (let done = 0; done < options.instructions; done += options.stretch) {
    const before = sides[0].pc;
    const [stop, otherStop] = sides.map(({ hart }) => hart.run(options.stretch));
    if (stop !== otherStop) {
      throw different(program, sides, before, [`stopped for ${stop}`, `stopped for ${otherStop}`], done);
    }
    stops[stop!] = (stops[stop!] ?? 0) + 1;
    const found = differenceOf(sides);
    if (found !== undefined) throw different(program, sides, before, found, done);
    playBoard(sides, random);
  }
  comparePages(program, sides, options.instructions);
  return { retired: sides[0].retired, stops };
}

/** Watches some pages and some words of others, but for a page of code, and one word for its latest value. */
function watchStores(sides: readonly Side[], { seed, dataPages, codeAddresses }: RandomProgram): void {
  const random = new RandomSource(seed ^ 0x10c);
  const wordOf = (page: number): number => RAM_BASE + page * PAGE_BYTES + 8 * random.below(PAGE_BYTES / 8);
  const words = dataPages.filter((page) => page % 3 === 1).flatMap((page) => Array.from({ length: WATCHED_WORDS }, () => wordOf(page)));
  const latest = words.length === 0 ? 0 : random.pick(words);
  const unlogged = codeAddresses.length === 0 ? 0n : random.pick(codeAddresses);
  for (const { memory, state } of sides) {
    for (const page of dataPages) if (page % 3 === 0) memory.watch(page, true);
    for (const word of words) memory.watchWord(word, true);
    state.setBigUint64(HART.latestAddress, BigInt(latest), true);
    state.setBigUint64(HART.unloggedFrom, unlogged, true);
    state.setBigUint64(HART.unloggedTo, unlogged + BigInt(PAGE_BYTES), true);
  }
}

function playBoard(sides: readonly Side[], random: RandomSource): void {
  const interrupt = random.pick(BOARD_INTERRUPTS);
  const raise = random.chance(10);
  const stopOn = random.chance(20) ? random.bits() & (STOP_ON.userTrap | STOP_ON.userReturn | STOP_ON.ownTrap | STOP_ON.breakpoints) : undefined;
  for (const { state } of sides) {
    const pending = state.getBigUint64(HART.mip, true);
    const boardBits = BOARD_INTERRUPTS.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    state.setBigUint64(HART.mip, (pending & ~boardBits) | (raise ? 1n << BigInt(interrupt) : 0n), true);
    state.setUint32(HART.waiting, 0, true);
    state.setUint32(HART.storeLogCount, 0, true);
    state.setUint32(HART.latestStored, 0, true);
    if (stopOn !== undefined) state.setUint32(HART.stopOn, stopOn, true);
  }
}

/** What each side has where they differ first; undefined when they agree. */
function differenceOf([one, other]: readonly [Side, Side]): [string, string] | undefined {
  for (let offset = 0; offset < COMPARED_BYTES; offset += 8) {
    if (one.state.getBigUint64(offset, true) === other.state.getBigUint64(offset, true)) continue;
    if (offset === HART.reservation && one.state.getUint32(HART.reserved, true) === 0) continue;
    return [one, other].map(({ state }) => `${stateName(offset)} = 0x${state.getBigUint64(offset, true).toString(16)}`) as [string, string];
  }
  for (const offset of [HART.latestStored, HART.latestValue]) {
    const latest = [one, other].map(({ state }) => state.getBigUint64(offset, true).toString(16));
    if (latest[0] !== latest[1]) return [`${stateName(offset)} = 0x${latest[0]}`, `${stateName(offset)} = 0x${latest[1]}`];
  }
  const entries = [one, other].map(({ state }) => state.getUint32(HART.storeLogCount, true));
  if (entries[0] !== entries[1]) return [`${entries[0]} stores logged`, `${entries[1]} stores logged`];
  const end = STORE_LOG.offset + entries[0]! * STORE_LOG.entryBytes;
  for (let offset: number = STORE_LOG.offset; offset < end; offset += 8) {
    const logged = [one, other].map(({ state }) => state.getBigUint64(offset, true).toString(16));
    if (logged[0] !== logged[1]) return [`store log +${offset - STORE_LOG.offset}: ${logged[0]}`, `store log +${offset - STORE_LOG.offset}: ${logged[1]}`];
  }
  return undefined;
}

function stateName(offset: number): string {
  if (offset < HART.f) return `x${offset / 8}`;
  if (offset < HART.pc) return `f${(offset - HART.f) / 8}`;
  if (offset >= HART.pmpaddr && offset < HART.misa) return `pmpaddr${(offset - HART.pmpaddr) / 8}`;
  return Object.entries(HART).find(([, at]) => at === offset)?.[0] ?? `state +0x${offset.toString(16)}`;
}

function comparePages(program: RandomProgram, [one, other]: readonly [Side, Side], done: number): void {
  for (let page = 0; page < program.ramBytes / PAGE_BYTES; page += 1) {
    const [bytes, otherBytes] = [one, other].map(({ memory }) => memory.read(RAM_BASE + page * PAGE_BYTES, PAGE_BYTES));
    const at = bytes!.findIndex((byte, index) => byte !== otherBytes![index]);
    if (at >= 0) {
      throw different(program, [one, other], one.pc, [`memory +0x${(page * PAGE_BYTES + at).toString(16)}: ${bytes![at]}`, `${otherBytes![at]}`], done);
    }
  }
}

function different(
  program: RandomProgram, sides: readonly [Side, Side], before: bigint, found: readonly [string, string], done: number,
): LockstepDifference {
  const at = sides[0].hart.translate(before, 'execute');
  const known = at !== undefined && sides[0].memory.contains(at, 4);
  const text = known ? disassemble(new DataView(sides[0].memory.read(at, 4).buffer).getUint32(0, true), before) : '(not readable now)';
  return new LockstepDifference(`seed ${program.seed}, about instruction ${done}, from 0x${before.toString(16)}: ${text}\n`
    + sides.map(({ name }, index) => `  ${name}: ${found[index]}`).join('\n'));
}
