// SPDX-License-Identifier: BSD-2-Clause
/** What can be learned of an seL4 kernel from its ELF file: configuration, layouts, the places of its state, its labels. */
import type { Release, Scheduling } from '../../../schema/abi/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { PT_LOAD, readElf, sectionData, type ElfFile } from '../boot/elf64.ts';
import { DebugTypes } from './dwarf/debug-types.ts';
import { ImageError } from './image-error.ts';
import { knownLayout, layoutOf, type KernelLayout, type LayoutTraits } from './layout.ts';
import { labelsOfRelease } from './release-labels.ts';
import { FIRST_OBSERVED, checkRelease, releasesOf } from './releases.ts';
import { labelsOf, relabel, type Relabelled } from './relabel.ts';
import { readSymbols, type SymbolTable } from './symbols.ts';

/** Physical addresses of variables of the kernel. Those that not every kernel has may be undefined. */
export interface KernelGlobals {
  readonly curThread: number;
  readonly idleThread: number;
  /** MCS. */
  readonly curSchedContext: number | undefined;
  readonly consumed: number | undefined;
  readonly curTime: number | undefined;
  /** Head of the list of all threads, debug kernels only. */
  readonly debugTcbs: number | undefined;
  /** The fault that was found last, two words. */
  readonly currentFault: number | undefined;
  /** Counter of preemption points. */
  readonly workUnits: number | undefined;
}

/** Addresses [from, to) of code. */
export interface CodeRange {
  readonly from: bigint;
  readonly to: bigint;
}

export interface KernelImage {
  /** Name of the file, for messages. */
  readonly name: string;
  readonly file: ElfFile;
  readonly symbols: SymbolTable;
  readonly scheduling: Scheduling;
  /** What it can be of, oldest first; it is of the latest where they do not differ in what is observed. */
  readonly releases: readonly Release[];
  readonly release: Release;
  readonly debug: boolean;
  readonly fpu: boolean;
  /** Number of scheduling domains. */
  readonly domains: number;
  readonly layout: KernelLayout;
  readonly globals: KernelGlobals;
  /** Saves the registers of a thread at kernel entry. */
  readonly trapEntry: CodeRange;
  /** Code of the fast path: once it writes to a thread, it leaves the kernel by itself. */
  readonly fastpaths: readonly CodeRange[];
  /** The object API with the kernel's own labels. */
  readonly interfaces: InterfaceModel;
  /** Where layouts and labels are from, and what is odd about them; for people. */
  readonly notes: readonly string[];
}

export interface KernelImageOptions {
  /** Reads the kernel's object API, for kernels with methods of their own. */
  readonly interfaces?: (scheduling: Scheduling) => InterfaceModel;
  /** For kernels whose symbols do not tell. */
  readonly release?: Release;
}

const REQUIRED = ['ksCurThread', 'ksIdleThread', 'ksReadyQueues', 'trap_entry'] as const;
const FASTPATHS = ['c_handle_fastpath_call', 'c_handle_fastpath_reply_recv', 'fastpath_call', 'fastpath_reply_recv'];
const READY_QUEUES_BYTES = 4096;

/**
 * Reads a kernel.
 * @throws BootError for a file that is no executable of this machine, {@link ImageError} for a kernel that cannot be observed
 */
export function readKernelImage(name: string, data: Uint8Array, options: KernelImageOptions = {}): KernelImage {
  const file = readElf(name, data);
  const symbols = readSymbols(file);
  refuseUnreadable(name, file, symbols);
  try {
    return imageOf(name, file, symbols, options);
  } catch (error) {
    throw error instanceof ImageError ? new ImageError(`${name} cannot be observed: ${error.message}`) : error;
  }
}

function imageOf(name: string, file: ElfFile, symbols: SymbolTable, options: KernelImageOptions): KernelImage {
  const scheduling: Scheduling = symbols.has('ksCurSC') ? 'mcs' : 'classic';
  const debug = symbols.has('ksDebugTCBs');
  const fpu = symbols.has('ksCurFPUOwner') || symbols.has('isFPUEnabledCached') || symbols.has('ksActiveFPUState');
  const types = debugTypesOf(file);
  const releases = candidatesOf(symbols, options.release);
  const release = releases.at(-1)!;
  const traits = { scheduling, debug, fpu, release };
  if (types === undefined) refuseAmbiguous(releases, traits);
  const layout = types === undefined ? layoutFor(traits, symbols) : layoutOf(types, traits);
  const notes = [`release ${releases.join(' or ')}, layouts: ${layout.source}`];
  return {
    name, file, symbols, scheduling, releases, release, debug, fpu, layout,
    domains: Math.max(1, Math.floor(symbols.get('ksReadyQueues')!.bytes / READY_QUEUES_BYTES)),
    globals: globalsOf(symbols),
    trapEntry: rangeOf(symbols, 'trap_entry')!,
    fastpaths: FASTPATHS.map((each) => rangeOf(symbols, each)).filter((range) => range !== undefined),
    interfaces: interfacesFor(types, traits, options.interfaces, notes),
    notes,
  };
}

function refuseUnreadable(name: string, file: ElfFile, symbols: SymbolTable): void {
  if (symbols.size === 0) {
    throw new ImageError(`${name} has no symbols (it is stripped): give the kernel.elf of the build directory`);
  }
  if (symbols.has('ksSMP')) throw new ImageError(`${name} is a kernel for several cores (it has ksSMP): only kernels for one core can be observed`);
  const missing = REQUIRED.filter((each) => !symbols.has(each));
  if (missing.length > 0) throw new ImageError(`${name} cannot be observed: it has no symbol ${missing.join(', ')}; is it an seL4 kernel?`);
  const moved = file.segments.find(({ type, virtualAddress, physicalAddress }) => type === PT_LOAD && BigInt.asUintN(32, virtualAddress) !== physicalAddress);
  if (moved !== undefined) {
    throw new ImageError(
      `${name} cannot be observed: it runs at 0x${moved.virtualAddress.toString(16)} and lies at 0x${moved.physicalAddress.toString(16)}, `
      + `as kernels before release ${FIRST_OBSERVED} did; releases from ${FIRST_OBSERVED} can be`,
    );
  }
}

/** Releases that the kernel may be of, oldest first. */
function candidatesOf(symbols: SymbolTable, given: Release | undefined): readonly Release[] {
  if (given === undefined) return releasesOf(symbols);
  checkRelease(given, symbols);
  return [given];
}

/** Without debug information, releases that the symbols do not tell apart must not differ. */
function refuseAmbiguous(candidates: readonly Release[], traits: LayoutTraits): void {
  const shape = (release: Release): string => JSON.stringify([{ ...knownLayout({ ...traits, release }), source: '' }, [...labelsOfRelease(release, traits.scheduling)]]);
  if (new Set(candidates.map(shape)).size <= 1) return;
  throw new ImageError(`it has no debug information, and its symbols fit releases ${candidates.join(', ')}, which differ: say which it is with --release`);
}

function debugTypesOf(file: ElfFile): DebugTypes | undefined {
  const types = new DebugTypes((name) => {
    const section = file.sections.find((each) => each.name === name);
    return section === undefined ? new Uint8Array(0) : sectionData(file, section);
  });
  return types.struct('tcb') === undefined ? undefined : types;
}

function layoutFor(traits: LayoutTraits, symbols: SymbolTable): KernelLayout {
  const known = knownLayout(traits);
  // The idle thread's TCB is a variable, so its size tells how large TCBs are.
  const idle = symbols.get('ksIdleThreadTCB');
  if (idle !== undefined && idle.bytes !== known.tcb.objectBytes) {
    throw new ImageError(`it has no debug information, and TCBs of ${idle.bytes} bytes, where ${known.tcb.objectBytes} are known of release ${traits.release}`);
  }
  return known;
}

function globalsOf(symbols: SymbolTable): KernelGlobals {
  const at = (name: string): number | undefined => {
    const symbol = symbols.get(name);
    return symbol === undefined ? undefined : imageAddress(symbol.address);
  };
  return {
    curThread: at('ksCurThread')!, idleThread: at('ksIdleThread')!,
    curSchedContext: at('ksCurSC'), consumed: at('ksConsumed'), curTime: at('ksCurTime'),
    debugTcbs: at('ksDebugTCBs'), currentFault: at('current_fault'), workUnits: at('ksWorkUnitsCompleted'),
  };
}

/** Where a symbol without a size of its own begins, the next one with a size ends it. */
function rangeOf(symbols: SymbolTable, name: string): CodeRange | undefined {
  const symbol = symbols.get(name);
  if (symbol === undefined) return undefined;
  const from = symbol.address;
  if (symbol.bytes > 0) return { from, to: from + BigInt(symbol.bytes) };
  for (const { address, bytes } of symbols) if (address > from && bytes > 0) return { from, to: address };
  return { from, to: from };
}

function interfacesFor(
  types: DebugTypes | undefined, { scheduling, release }: LayoutTraits, given: KernelImageOptions['interfaces'], notes: string[],
): InterfaceModel {
  const own = types === undefined ? undefined : labelsOf(types);
  const model = given?.(scheduling) ?? interfacesOf(`riscv64-${scheduling}`);
  if (own === undefined && given !== undefined) {
    notes.push('labels of the given interface files: the kernel has no debug information to compare them with');
    return model;
  }
  const relabelled = relabel(model, own ?? labelsOfRelease(release, scheduling));
  notes.push(`labels: ${own === undefined ? `known of release ${release}` : 'debug information'}${differences(relabelled)}`);
  return relabelled.interfaces;
}

function differences({ moved, absent, unknown }: Relabelled): string {
  return [
    moved.length === 0 ? '' : `; ${moved.length} differ from those of the interface files`,
    absent.length === 0 ? '' : `; the kernel does not have ${absent.join(', ')}`,
    unknown.length === 0 ? '' : `; recorded without a method, as the interface files do not have it: ${unknown.join(', ')}`,
  ].join('');
}

/** Physical address of a variable of the kernel image: its virtual address ends in it. */
function imageAddress(address: bigint): number {
  return Number(address & 0xffff_ffffn);
}
