// SPDX-License-Identifier: BSD-2-Clause
import { BootError } from '../../../emulator/machine/boot/boot-error.ts';
import { bootImage, readImage } from '../../../emulator/machine/boot/boot-image.ts';
import { bootKernel } from '../../../emulator/machine/boot/boot-kernel.ts';
import { readElf } from '../../../emulator/machine/boot/elf64.ts';
import { readSymbols } from '../../../emulator/machine/image/symbols.ts';
import type { HartName } from '../../../emulator/machine/boot/harts.ts';
import { Machine, type MachineOptions } from '../../../emulator/machine/boot/machine.ts';
import { rootImageOf } from '../../../emulator/machine/boot/root-image.ts';
import { restoreMachine } from '../../../emulator/machine/boot/snapshot.ts';
import type { PlatformName } from '../../../emulator/machine/devices/platform-names.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { readBytes, readDeviceTree } from '../input-files.ts';

/** What is to be booted: one of an image, a kernel with its root task, and a save file. */
export interface BootSource {
  readonly image?: string;
  readonly kernel?: string;
  readonly root?: string;
  readonly dtb?: string;
  readonly restore?: string;
}

export interface BootMachineOptions extends Pick<MachineOptions, 'frameBytes' | 'stuckAfter' | 'onConsole' | 'onDiagnostic'> {
  readonly hart?: HartName;
  readonly platform?: PlatformName;
  readonly nsPerInstruction?: number;
}

/** A machine that is ready to run. Throws {@link CommandError} for a wrong choice of sources and for files that cannot be booted. */
export function machineFromFiles(source: BootSource, options: BootMachineOptions): Machine {
  const given = [source.image, source.kernel, source.restore].filter((each) => each !== undefined).length;
  if (given !== 1) throw new CommandError(EXIT.usage, 'give one of an image, --kernel with --root, and --restore');
  if ((source.kernel === undefined) !== (source.root === undefined)) {
    throw new CommandError(EXIT.usage, '--kernel and --root belong together', 'a complete image is given without either');
  }
  if (source.restore !== undefined && source.dtb !== undefined) throw new CommandError(EXIT.usage, '--dtb has no meaning with --restore');
  if (source.restore !== undefined && options.platform !== undefined) throw new CommandError(EXIT.usage, '--platform has no meaning with --restore: the file says it');
  try {
    return source.restore !== undefined ? restored(source.restore, options) : booted(source, options);
  } catch (error) {
    if (error instanceof BootError) throw new CommandError(EXIT.unreadable, error.message);
    throw error;
  }
}

function restored(file: string, { nsPerInstruction, ...options }: BootMachineOptions): Machine {
  if (nsPerInstruction !== undefined) throw new CommandError(EXIT.usage, '--ns-per-instruction has no meaning with --restore: the file says it');
  return restoreMachine(file, readBytes(file), options);
}

function booted({ image, kernel, root, dtb }: BootSource, options: BootMachineOptions): Machine {
  const tree = dtb === undefined ? undefined : readDeviceTree(dtb);
  if (image !== undefined) {
    const read = readImage(image, readBytes(image));
    const machine = new Machine({ ...options, firmware: read.firmware });
    bootImage(machine, read, tree);
    return machine;
  }
  const machine = new Machine({ ...options, firmware: 'host' });
  const { memory } = machine;
  const file = readElf(kernel!, readBytes(kernel!));
  if (readSymbols(file).has('ksSMP')) throw new BootError(`${file.name}: a kernel for several cores (it has ksSMP): it would wait for harts that this machine does not have`);
  bootKernel(machine, {
    kernel: file,
    rootImage: rootImageOf(readElf(root!, readBytes(root!)), memory.bytes),
    dtb: tree ?? machine.platform.deviceTree(memory.base, memory.bytes),
  });
  return machine;
}
