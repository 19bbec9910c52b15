// SPDX-License-Identifier: BSD-2-Clause
/** `--kernel FILE`: a real kernel in place of the model. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { ImageKernel } from '../../emulator/machine/host/image-kernel.ts';
import { LabelTranslation } from '../../emulator/machine/host/label-translation.ts';
import { BootError } from '../../emulator/machine/boot/boot-error.ts';
import type { HartName } from '../../emulator/machine/boot/hart-names.ts';
import { PLATFORMS } from '../../emulator/machine/devices/platform.ts';
import type { PlatformName } from '../../emulator/machine/devices/platform-names.ts';
import { ImageError } from '../../emulator/machine/image/image-error.ts';
import { readKernelImage, type KernelImage } from '../../emulator/machine/image/kernel-image.ts';
import { platformOf } from '../../emulator/machine/image/kernel-platform.ts';
import { readSymbols, type SymbolTable } from '../../emulator/machine/image/symbols.ts';
import { readElf } from '../../emulator/machine/boot/elf64.ts';
import { isFrom, observedRelease } from '../../emulator/machine/image/releases.ts';
import type { Release } from '../../schema/abi/releases.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { configurationOf } from '../../schema/idl/configuration.ts';
import { interfacesOf, loadInterfaces } from '../../schema/idl/load.ts';
import type { RunDescription } from '../../schema/trace/names.ts';
import type { KernelOptions } from './commands/kernel-options.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { readBytes, readDeviceTree } from './input-files.ts';

/** A real kernel that programs of the SDK can run on. */
export interface KernelFile {
  readonly image: KernelImage;
  /** Methods of the stubs that it does not have. */
  readonly missing: ReadonlySet<string>;
  /** Device tree blob that it hands to the root task. */
  readonly dtb: Uint8Array | undefined;
  readonly hart: HartName | undefined;
  /** What it runs on. */
  readonly platform: PlatformName;
  /** Devices of the platform raise interrupts, which the kernel hands out. */
  readonly hasInterrupts: boolean;
}

/** What is said of a kernel besides its file. */
export interface KernelAdvice {
  /** Release that it is of, as given. */
  readonly release?: string;
  /** Folder of its interface files. */
  readonly interfaces?: string;
}

/** The first release for qemu-riscv-virt. */
const FIRST_FOR_VIRT: Release = '13.0.0';

/** Reads what `--kernel` and `--dtb` name. Throws {@link CommandError} for what cannot be read, and for a kernel that the SDK does not fit. */
export function readKernelFile(options: KernelOptions & KernelAdvice & { readonly kernel: string }): KernelFile {
  const image = readKernelElf(options.kernel, options);
  const platform = options.platform ?? platformOf(image.symbols);
  if (platform === 'qemu-riscv-virt' && !isFrom(image.release, FIRST_FOR_VIRT)) {
    throw new CommandError(
      EXIT.unreadable, `${image.name} is of release ${image.release}: kernels for qemu-riscv-virt came with ${FIRST_FOR_VIRT}; before, those for spike start here`,
    );
  }
  const { missing } = new LabelTranslation(interfacesOf(`riscv64-${image.scheduling}`), image.interfaces);
  return { image, missing, dtb: options.dtb === undefined ? undefined : readDeviceTree(options.dtb), hart: options.hart, platform, hasInterrupts: PLATFORMS[platform].devices.includes('plic') };
}

/** The kernel's configuration; `asked` is what the user gave with `--config`, if anything. */
export function schedulingOf({ image }: KernelFile, asked: Scheduling | undefined): Scheduling {
  if (asked === undefined || asked === image.scheduling) return image.scheduling;
  throw new CommandError(EXIT.usage, `--config ${asked}: ${image.name} is ${image.scheduling === 'mcs' ? 'an MCS' : 'a classic'} kernel`);
}

/** A machine of its own with the kernel, not booted yet. */
export function hostOf({ image, dtb, hart, platform }: KernelFile, console?: (text: string) => void): ImageKernel {
  return new ImageKernel(image, {
    ...(dtb === undefined ? {} : { dtb }), machine: { platform, ...(hart === undefined ? {} : { hart }) }, ...(console === undefined ? {} : { console }),
  });
}

/** What tells one kernel from another in the history of runs. */
export function identityOf({ image, platform }: Pick<KernelFile, 'image' | 'platform'>): Pick<RunDescription, 'kernel' | 'kernelVersion' | 'release' | 'build' | 'machine'> {
  const build = createHash('sha256').update(image.file.data).digest('hex');
  const [release, another] = image.releases;
  return { kernel: 'image', kernelVersion: `${basename(image.name)} ${build.slice(0, 12)}`, release: another === undefined ? release! : '', build, machine: platform };
}

/** Configuration of a kernel by its symbols, whatever else cannot be read of it; undefined without symbols. */
export function configurationIn(name: string): Scheduling | undefined {
  const symbols = symbolsIn(name);
  return symbols.has('ksCurThread') ? (symbols.has('ksCurSC') ? 'mcs' : 'classic') : undefined;
}

/** Symbols of a kernel's file, none of a stripped one. Throws {@link CommandError} for a file that cannot be read. */
export function symbolsIn(name: string): SymbolTable {
  try {
    return readSymbols(readElf(name, readBytes(name)));
  } catch (error) {
    if (error instanceof BootError) throw new CommandError(EXIT.unreadable, error.message);
    throw error;
  }
}

/** Reads a kernel.elf. Throws {@link CommandError} for one that cannot be observed; `hint` says what can be done then. */
export function readKernelElf(name: string, { release, interfaces }: KernelAdvice = {}, hint?: string): KernelImage {
  try {
    return readKernelImage(name, readBytes(name), {
      ...(release === undefined ? {} : { release: observedRelease(release) }),
      ...(interfaces === undefined ? {} : { interfaces: (scheduling) => loadInterfaces(interfaces, configurationOf(`riscv64-${scheduling}`)) }),
    });
  } catch (error) {
    if (error instanceof ImageError) throw new CommandError(EXIT.unreadable, error.message, hint);
    if (error instanceof BootError) throw new CommandError(EXIT.unreadable, error.message);
    throw error;
  }
}
