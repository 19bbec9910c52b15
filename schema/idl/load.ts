// SPDX-License-Identifier: BSD-2-Clause
/** Finds and reads interface files: those of an seL4 release as they are, or our own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildModel } from './build.ts';
import { configurationOf } from './configuration.ts';
import { InterfaceError } from './interface-error.ts';
import { parseInterfaceFile } from './parse.ts';
import type { Architecture, BundledConfigurationName, InterfaceModel, KernelConfiguration } from './model.ts';

/** Folder of libsel4 that has the files of each architecture. */
const ARCH_FOLDER: Record<Architecture, string> = { riscv64: 'riscv', aarch64: 'arm', x86_64: 'x86' };

/** Folders and file names of one way to lay the three files out, in label order. */
function layouts(arch: Architecture): string[][] {
  const libsel4 = (prefix: string, generic: string, sel4Arch: string, archFile: string): string[] => [
    join(prefix, 'include', 'interfaces', generic),
    join(prefix, 'sel4_arch_include', arch, 'interfaces', sel4Arch),
    join(prefix, 'arch_include', ARCH_FOLDER[arch], 'interfaces', archFile),
  ];
  const current = ['object-api.xml', 'object-api-sel4-arch.xml', 'object-api-arch.xml'] as const;
  const beforeRelease13 = ['sel4.xml', 'sel4arch.xml', 'sel4arch.xml'] as const;
  return [
    libsel4('libsel4', ...current),
    libsel4('', ...current),
    libsel4('libsel4', ...beforeRelease13),
    libsel4('', ...beforeRelease13),
    [current[0], join(arch, current[1]), join(arch, current[2])],
    [...current],
  ];
}

/**
 * The three interface files of an architecture, in label order.
 * @param dir root of an seL4 checkout, its `libsel4`, a flat folder with `object-api.xml`, `object-api-sel4-arch.xml`
 *   and `object-api-arch.xml`, or one with the last two in a folder named after the architecture
 * @throws InterfaceError when no layout fits, or one file of a layout is missing
 */
export function findInterfaceFiles(dir: string, arch: Architecture): string[] {
  const candidates = layouts(arch).map((files) => files.map((file) => join(dir, file)));
  const complete = candidates.find((files) => files.every((file) => existsSync(file)));
  if (complete !== undefined) return complete;
  const partial = candidates.find((files) => existsSync(files[0]!));
  const missing = partial?.find((file) => !existsSync(file));
  throw new InterfaceError({ file: missing ?? dir, line: 1, column: 1 }, missing !== undefined
    ? `no such file: the interfaces of ${arch} need it beside ${partial![0]!}`
    : 'no interface files here: give the root of an seL4 checkout, its libsel4, or a folder with object-api.xml, object-api-sel4-arch.xml and object-api-arch.xml');
}

/**
 * The model of the interface files in a folder, see {@link findInterfaceFiles}.
 * @throws InterfaceError when a file is missing, malformed or contradictory, or describes another kind of kernel
 */
export function loadInterfaces(dir: string, configuration: KernelConfiguration): InterfaceModel {
  const files = findInterfaceFiles(dir, configuration.arch);
  const model = buildModel(files.map((file) => parseInterfaceFile(file, readText(file))), configuration);
  refuseOtherScheduling(model, files[0]!);
  return model;
}

/** Releases before 11 had MCS kernels on a branch, without conditions: there the files fix what the kernel is. */
function refuseOtherScheduling(model: InterfaceModel, file: string): void {
  const { scheduling } = model.configuration;
  const describesMcs = model.methods.some((m) => m.interfaceName === 'seL4_SchedContext');
  if (describesMcs === (scheduling === 'mcs')) return;
  throw new InterfaceError({ file, line: 1, column: 1 }, describesMcs
    ? `these files describe MCS kernels only (seL4_SchedContext has no condition): choose an mcs configuration, not ${model.name}`
    : `these files describe no MCS kernel (there is no seL4_SchedContext): choose a classic configuration, not ${model.name}`);
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InterfaceError({ file, line: 1, column: 1 }, 'not UTF-8 text');
  }
}

const bundled = new Map<BundledConfigurationName, InterfaceModel>();

/** The model of the project's own interface files. Read once; the same object on every call. */
export function interfacesOf(name: BundledConfigurationName): InterfaceModel {
  let model = bundled.get(name);
  if (model === undefined) {
    model = loadInterfaces(fileURLToPath(new URL('../interfaces', import.meta.url)), configurationOf(name));
    bundled.set(name, model);
  }
  return model;
}
