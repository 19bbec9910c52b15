// SPDX-License-Identifier: BSD-2-Clause
/** `--kernel FILE`: a real kernel in place of the model. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { ImageKernel } from '../../emulator/machine/host/image-kernel.ts';
import { BootError } from '../../emulator/machine/boot/boot-error.ts';
import type { HartName } from '../../emulator/machine/boot/hart-names.ts';
import { ImageError } from '../../emulator/machine/image/image-error.ts';
import { readKernelImage, type KernelImage } from '../../emulator/machine/image/kernel-image.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import type { RunDescription } from '../../schema/trace/names.ts';
import type { KernelOptions } from './commands/kernel-options.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { readBytes, readDeviceTree } from './input-files.ts';

/** A real kernel that programs of the SDK can run on. */
export interface KernelFile {
  readonly image: KernelImage;
  /** Device tree blob that it hands to the root task. */
  readonly dtb: Uint8Array | undefined;
  readonly hart: HartName | undefined;
}

/** Reads what `--kernel` and `--dtb` name. Throws {@link CommandError} for what cannot be read, and for a kernel that the SDK does not fit. */
export function readKernelFile(options: KernelOptions & { readonly kernel: string }): KernelFile {
  const image = readKernelElf(options.kernel);
  refuseOtherLabels(image);
  return { image, dtb: options.dtb === undefined ? undefined : readDeviceTree(options.dtb), hart: options.hart };
}

/** The kernel's configuration; `asked` is what the user gave with `--config`, if anything. */
export function schedulingOf({ image }: KernelFile, asked: Scheduling | undefined): Scheduling {
  if (asked === undefined || asked === image.scheduling) return image.scheduling;
  throw new CommandError(EXIT.usage, `--config ${asked}: ${image.name} is ${image.scheduling === 'mcs' ? 'an MCS' : 'a classic'} kernel`);
}

/** A machine of its own with the kernel, not booted yet. */
export function hostOf({ image, dtb, hart }: KernelFile, console?: (text: string) => void): ImageKernel {
  return new ImageKernel(image, {
    ...(dtb === undefined ? {} : { dtb }), ...(hart === undefined ? {} : { machine: { hart } }), ...(console === undefined ? {} : { console }),
  });
}

/** What tells one kernel from another in the history of runs. */
export function identityOf({ image }: Pick<KernelFile, 'image'>): Pick<RunDescription, 'kernel' | 'kernelVersion' | 'build' | 'machine'> {
  const build = createHash('sha256').update(image.file.data).digest('hex');
  return { kernel: 'image', kernelVersion: `${basename(image.name)} ${build.slice(0, 12)}`, build, machine: 'qemu-riscv-virt' };
}

/** Reads a kernel.elf. Throws {@link CommandError} for one that cannot be observed. */
export function readKernelElf(name: string): KernelImage {
  try {
    return readKernelImage(name, readBytes(name));
  } catch (error) {
    if (error instanceof ImageError || error instanceof BootError) throw new CommandError(EXIT.unreadable, error.message);
    throw error;
  }
}

/** The stubs of the SDK are generated from the project's own interface files. */
function refuseOtherLabels({ name, interfaces, scheduling }: KernelImage): void {
  const { byId } = interfacesOf(`riscv64-${scheduling}`);
  const other = interfaces.methods.find((method) => byId.get(method.id)?.label !== method.label);
  if (other === undefined) return;
  throw new CommandError(
    EXIT.unreadable, `${name} is of another release than the stubs: its label of ${other.id} is ${other.label}, theirs is ${byId.get(other.id)?.label ?? 'none'}`,
    'sel4scope boot runs complete images of every release',
  );
}
