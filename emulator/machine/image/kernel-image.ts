// SPDX-License-Identifier: BSD-2-Clause
/** What can be learned of an seL4 kernel from its ELF file: configuration, layouts, the places of its state, its labels. */
import type { Scheduling } from '../../../schema/abi/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { readElf, sectionData, type ElfFile } from '../boot/elf64.ts';
import { DebugTypes } from './dwarf/debug-types.ts';
import { ImageError } from './image-error.ts';
import { knownLayout, layoutOf, type KernelLayout } from './layout.ts';
import { labelsOf, relabel } from './relabel.ts';
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
  readonly interfaces: InterfaceModel;
  /** Where the labels are from, and what is odd about them; for people. */
  readonly notes: readonly string[];
}

export interface KernelImageOptions {
  /** The kernel's object API, for kernels that are not of the current release and have no debug information. */
  readonly interfaces?: InterfaceModel;
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
  refuseUnreadable(name, symbols);
  const scheduling: Scheduling = symbols.has('ksCurSC') ? 'mcs' : 'classic';
  const debug = symbols.has('ksDebugTCBs');
  const fpu = symbols.has('ksCurFPUOwner') || symbols.has('isFPUEnabledCached') || symbols.has('ksActiveFPUState');
  const types = debugTypesOf(file);
  const notes: string[] = [];
  return {
    name, file, symbols, scheduling, debug, fpu,
    domains: Math.max(1, Math.floor(symbols.get('ksReadyQueues')!.bytes / READY_QUEUES_BYTES)),
    layout: layout(name, types, { scheduling, debug, fpu }, symbols),
    globals: globalsOf(symbols),
    trapEntry: rangeOf(symbols, 'trap_entry')!,
    fastpaths: FASTPATHS.map((each) => rangeOf(symbols, each)).filter((range) => range !== undefined),
    interfaces: interfaces(types, scheduling, options.interfaces, notes),
    notes,
  };
}

function refuseUnreadable(name: string, symbols: SymbolTable): void {
  if (symbols.size === 0) {
    throw new ImageError(`${name} has no symbols (it is stripped): give the kernel.elf of the build directory`);
  }
  if (symbols.has('ksSMP')) throw new ImageError(`${name} is a kernel for several cores (it has ksSMP): only kernels for one core can be observed`);
  const missing = REQUIRED.filter((each) => !symbols.has(each));
  if (missing.length > 0) throw new ImageError(`${name} cannot be observed: it has no symbol ${missing.join(', ')}; is it an seL4 kernel?`);
}

function debugTypesOf(file: ElfFile): DebugTypes | undefined {
  const types = new DebugTypes((name) => {
    const section = file.sections.find((each) => each.name === name);
    return section === undefined ? new Uint8Array(0) : sectionData(file, section);
  });
  return types.struct('tcb') === undefined ? undefined : types;
}

function layout(name: string, types: DebugTypes | undefined, traits: { scheduling: Scheduling; debug: boolean; fpu: boolean }, symbols: SymbolTable): KernelLayout {
  if (types !== undefined) {
    try {
      return layoutOf(types, traits);
    } catch (error) {
      throw error instanceof ImageError ? new ImageError(`${name} cannot be observed: ${error.message}`) : error;
    }
  }
  const known = knownLayout(traits);
  // The idle thread's TCB is a variable, so its size tells how large TCBs are.
  const idle = symbols.get('ksIdleThreadTCB');
  if (idle !== undefined && idle.bytes !== known.tcb.objectBytes) {
    throw new ImageError(`${name} cannot be observed: it has no debug information, and TCBs of ${idle.bytes} bytes, where ${known.tcb.objectBytes} are known`);
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

function rangeOf(symbols: SymbolTable, name: string): CodeRange | undefined {
  const symbol = symbols.get(name);
  return symbol === undefined ? undefined : { from: symbol.address, to: symbol.address + BigInt(symbol.bytes) };
}

function interfaces(types: DebugTypes | undefined, scheduling: Scheduling, given: InterfaceModel | undefined, notes: string[]): InterfaceModel {
  const model = given ?? interfacesOf(`riscv64-${scheduling}`);
  const labels = types === undefined ? undefined : labelsOf(types);
  if (labels === undefined) {
    notes.push(`labels of ${given === undefined ? 'the current release' : 'the given interface files'}: the kernel has no debug information to compare them with`);
    return model;
  }
  const relabelled = relabel(model, labels);
  if (relabelled.moved.length > 0) notes.push(`labels are the kernel's; other than in the interface files: ${relabelled.moved.join(', ')}`);
  if (relabelled.absent.length > 0) notes.push(`the kernel does not have ${relabelled.absent.join(', ')}`);
  if (relabelled.unknown.length > 0) notes.push(`not in the interface files, so recorded without a method: ${relabelled.unknown.join(', ')}`);
  return relabelled.interfaces;
}

/** Physical address of a variable of the kernel image: its virtual address ends in it. */
function imageAddress(address: bigint): number {
  return Number(address & 0xffff_ffffn);
}
