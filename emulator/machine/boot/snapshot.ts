// SPDX-License-Identifier: BSD-2-Clause
/**
 * Save files of a machine. A file is a magic number, a version, a header in JSON that says which machine it belongs to,
 * and the compressed body: the hart's words, the state of the devices, and the pages of RAM that are not zero.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { HART, PAGE_BYTES } from '../memory/layout.ts';
import type { PlatformName } from '../devices/platform-names.ts';
import { BootError } from './boot-error.ts';
import type { HartName } from './harts.ts';
import { endText } from './machine-end.ts';
import { Machine, type Firmware, type MachineOptions } from './machine.ts';

const MAGIC = new TextEncoder().encode('sel4scope machine\n');
/** Raised with every change of what a file holds. */
export const SNAPSHOT_VERSION = 2;
const COMPRESSION = 1;

/** Configuration of the machine that a file belongs to, and what is told of its state without reading the rest. */
export interface SnapshotHeader {
  readonly firmware: Firmware;
  readonly platform: PlatformName;
  readonly ramBytes: number;
  readonly nsPerInstruction: number;
  readonly hart: HartName;
  readonly instructions: number;
  readonly pages: number;
}

/** The architectural state: what lies below the fields that belong to the host. */
const HART_BYTES = HART.stopOn;

/**
 * A file from which {@link restoreMachine} makes a machine that goes on as this one would. Throws {@link BootError} for a
 * machine whose run is over.
 */
export function saveMachine(machine: Machine): Uint8Array {
  if (machine.ended !== undefined) throw new BootError(`nothing to save: ${endText(machine.ended)}`);
  const pages = nonZeroPages(machine);
  const header: SnapshotHeader = {
    firmware: machine.firmware, platform: machine.platform.name, ramBytes: machine.memory.bytes, nsPerInstruction: Number(machine.state.word(HART.nsPerInstruction)),
    hart: machine.hartName, instructions: machine.instructions, pages: pages.length,
  };
  const head = new TextEncoder().encode(JSON.stringify(header));
  const lengths = new Uint8Array(8);
  const view = new DataView(lengths.buffer);
  view.setUint32(0, SNAPSHOT_VERSION, true);
  view.setUint32(4, head.length, true);
  return Buffer.concat([MAGIC, lengths, head, gzipSync(Buffer.concat(body(machine, pages)), { level: COMPRESSION })]);
}

/** The header of a save file. Throws {@link BootError} for a file that is none or of another version. */
export function readSnapshotHeader(name: string, file: Uint8Array): SnapshotHeader {
  return parse(name, file).header;
}

/**
 * A machine as it was when a file was saved. `options` choose the hart, the memory behind it and who listens; what belongs to the state comes
 * from the file. Throws {@link BootError} for a file that is none, of another version, or damaged.
 */
export function restoreMachine(name: string, file: Uint8Array, options: Pick<MachineOptions, 'hart' | 'frameBytes' | 'onConsole' | 'onDiagnostic'> = {}): Machine {
  const { header, compressed } = parse(name, file);
  const { hart, firmware, platform, ramBytes, nsPerInstruction } = header;
  const machine = new Machine({ hart, ...options, firmware, platform, ramBytes, nsPerInstruction });
  const reader = new Reader(name, inflated(name, compressed));
  const { memory } = machine;
  new Uint8Array(memory.memory.buffer).set(reader.take(HART_BYTES), 0);
  machine.restoreDevices(JSON.parse(new TextDecoder().decode(reader.take(reader.u32()))));
  for (let i = 0; i < header.pages; i++) {
    const page = reader.u32();
    memory.write(memory.base + page * PAGE_BYTES, reader.take(PAGE_BYTES));
  }
  reader.end();
  machine.hart.flush();
  return machine;
}

/** SHA-256 over all that a save file holds of the state: equal for machines that will do the same. */
export function stateHash(machine: Machine): string {
  const hash = createHash('sha256');
  for (const part of body(machine, nonZeroPages(machine))) hash.update(part);
  return hash.digest('hex');
}

function nonZeroPages({ memory }: Machine): number[] {
  const octets = new Uint8Array(memory.memory.buffer);
  return [...memory.present()].filter((page) => {
    const frame = memory.materialise(page);
    return new BigUint64Array(octets.buffer, frame, PAGE_BYTES / 8).some((word) => word !== 0n);
  });
}

function body(machine: Machine, pages: readonly number[]): Uint8Array[] {
  const { memory } = machine;
  const octets = new Uint8Array(memory.memory.buffer);
  const devices = new TextEncoder().encode(JSON.stringify(machine.saveDevices()));
  return [
    octets.subarray(0, HART_BYTES), u32(devices.length), devices,
    ...pages.flatMap((page) => [u32(page), octets.subarray(memory.materialise(page), memory.materialise(page) + PAGE_BYTES)]),
  ];
}

function parse(name: string, file: Uint8Array): { readonly header: SnapshotHeader; readonly compressed: Uint8Array } {
  if (!MAGIC.every((byte, i) => file[i] === byte)) throw new BootError(`${name}: not a save file of a machine`);
  if (file.length < MAGIC.length + 8) throw new BootError(`${name}: truncated`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== SNAPSHOT_VERSION) throw new BootError(`${name}: version ${version} of the save format, this program reads version ${SNAPSHOT_VERSION}`);
  const start = MAGIC.length + 8;
  const end = start + view.getUint32(MAGIC.length + 4, true);
  if (end > file.length) throw new BootError(`${name}: truncated`);
  return { header: JSON.parse(new TextDecoder().decode(file.subarray(start, end))) as SnapshotHeader, compressed: file.subarray(end) };
}

function inflated(name: string, compressed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(compressed);
  } catch (error) {
    throw new BootError(`${name}: damaged or truncated: ${(error as Error).message}`);
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

class Reader {
  private readonly name: string;
  private readonly data: Uint8Array;
  private at = 0;

  constructor(name: string, data: Uint8Array) {
    this.name = name;
    this.data = data;
  }

  take(bytes: number): Uint8Array {
    if (this.at + bytes > this.data.length) throw new BootError(`${this.name}: damaged: it ends too early`);
    this.at += bytes;
    return this.data.subarray(this.at - bytes, this.at);
  }

  u32(): number {
    const part = this.take(4);
    return new DataView(part.buffer, part.byteOffset, 4).getUint32(0, true);
  }

  end(): void {
    if (this.at !== this.data.length) throw new BootError(`${this.name}: damaged: ${this.data.length - this.at} bytes too many`);
  }
}
