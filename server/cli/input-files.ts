// SPDX-License-Identifier: BSD-2-Clause
/** Files that are named on the command line. */
import { readFileSync } from 'node:fs';
import { deviceTreeBytes } from '../../emulator/machine/devices/flattened-device-tree.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** A device tree blob, without what follows it in the file. Throws {@link CommandError} for a file that is none. */
export function readDeviceTree(file: string): Uint8Array {
  const data = readBytes(file);
  const bytes = deviceTreeBytes(data);
  if (bytes === undefined) throw new CommandError(EXIT.unreadable, `${file}: not a device tree blob, or truncated`);
  return data.subarray(0, bytes);
}

/** Contents of a file. Throws {@link CommandError} when it cannot be read. */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(EXIT.unreadable, `${file} cannot be read: ${(error as Error).message}`);
  }
}
