// SPDX-License-Identifier: BSD-2-Clause
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpAndStop, imageOf, type Driver } from './driver.ts';

const QEMU = 'qemu-system-riscv64';

/** Whether QEMU is installed. */
export const hasQemu = (): boolean => spawnSync(QEMU, ['--version']).status === 0;

/** Runs programs as firmware of QEMU's virt machine, and reads the results from its serial port. */
export const QEMU_DRIVER: Driver = {
  name: 'qemu',
  run: async (program) => {
    const folder = await mkdtemp(join(tmpdir(), 'sel4scope-qemu-'));
    try {
      const image = join(folder, 'image.bin');
      const serial = join(folder, 'serial.bin');
      await writeFile(image, imageOf(program, dumpAndStop(program.resultWords)));
      // Without the extensions that the machine does not have either, where they change what CSRs hold.
      await exited(spawn(QEMU, ['-machine', 'virt', '-cpu', 'rv64,h=false', '-m', '32M', '-bios', image, '-display', 'none',
        '-monitor', 'none', '-serial', `file:${serial}`, '-icount', 'shift=3'], { stdio: ['ignore', 'ignore', 'pipe'] }));
      const bytes = await readFile(serial);
      if (bytes.length !== 8 * program.resultWords) {
        throw new Error(`${program.name}: ${bytes.length} bytes from qemu, not ${8 * program.resultWords}`);
      }
      return [...new BigUint64Array(Uint8Array.from(bytes).buffer)];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

const LONGEST_MS = 300_000;

function exited(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { errors += text; });
    const limit = setTimeout(() => child.kill(), LONGEST_MS);
    child.on('error', reject).on('close', (code, signal) => {
      clearTimeout(limit);
      if (code === 0) resolve(); else reject(new Error(`${QEMU} ended with ${signal ?? code}: ${errors}`));
    });
  });
}
