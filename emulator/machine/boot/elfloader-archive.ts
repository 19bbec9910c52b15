// SPDX-License-Identifier: BSD-2-Clause
import { BootError } from './boot-error.ts';
import { findCpio, readCpio } from './cpio.ts';

/** What an elfloader image carries. The kernel in it has neither symbols nor debugging information. */
export interface ElfloaderArchive {
  readonly kernel: Uint8Array;
  /** undefined in an image that takes the device tree of the boot loader. */
  readonly dtb: Uint8Array | undefined;
  readonly root: Uint8Array;
}

const KERNEL = 'kernel.elf';
const DEVICE_TREE = 'kernel.dtb';

/** Takes an elfloader image apart. Throws {@link BootError} for an image that carries no kernel and root task. */
export function readElfloaderArchive(name: string, image: Uint8Array): ElfloaderArchive {
  const at = findCpio(image);
  if (at === undefined) throw new BootError(`${name}: carries no CPIO archive: not an elfloader image`);
  const files = readCpio(name, image.subarray(at));
  const data = (file: string): Uint8Array | undefined => files.find((each) => each.name === file)?.data;
  const kernel = data(KERNEL);
  // The root task has the name of the application.
  const root = files.find((each) => each.name !== KERNEL && each.name !== DEVICE_TREE)?.data;
  if (kernel === undefined || root === undefined) {
    throw new BootError(`${name}: its archive has ${files.map((each) => each.name).join(', ') || 'no files'}: ${KERNEL} and a root task are needed`);
  }
  return { kernel, dtb: data(DEVICE_TREE), root };
}
