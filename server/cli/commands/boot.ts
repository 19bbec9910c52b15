// SPDX-License-Identifier: BSD-2-Clause
import { Command, Option } from 'commander';
import { HART_NAMES } from '../../../emulator/machine/boot/hart-names.ts';
import type { BootOptions } from '../boot/boot.ts';
import { withRecordOption } from '../recording.ts';
import { withServiceOptions } from '../service-access.ts';
import { platformOption, withInterfacesOption } from './kernel-options.ts';
import { parsePort, parsePositive, parseRelease, wholeNumber, withTagOption } from './options.ts';

/** `sel4scope boot`: a real kernel in the RV64 machine. */
export function bootCommand(): Command {
  return withRecordOption(withInterfacesOption(withTagOption(withServiceOptions(new Command('boot')))))
    .description('boot a real seL4 image for qemu-riscv-virt or spike in the embedded machine; its console goes to standard output')
    .argument('[image]', 'complete image: an elfloader, with its firmware or without')
    .option('--kernel <file>', 'kernel.elf, booted without an elfloader; needs --root')
    .option('--root <file>', 'ELF file of the root task')
    .option('--dtb <file>', 'device tree blob for the guest; the machine\'s own if not given')
    .addOption(new Option('--hart <name>', 'which hart executes: the fast one or the readable one').choices([...HART_NAMES]))
    .addOption(platformOption('what the image was built for; symbols of its kernel tell, where they are given, else it is qemu-riscv-virt'))
    .option('--ns-per-instruction <number>', 'virtual time that an instruction takes, 8 to 32 ns; 8 if not given', parseNsPerInstruction)
    .option('--resident <MiB>', 'how much of RAM may be non-zero; 1024 if not given', parseMib)
    .option('--realtime', 'let virtual time follow the wall\'s and standard input be typed at the console; the run is not reproducible')
    .option('--save <file>', 'save the machine when the session stops at a limit, at the expected text or by an interrupt')
    .option('--restore <file>', 'go on from a saved machine')
    .option('--expect <text>', 'stop, successfully, once the console shows this text')
    .option('--time-limit <ms>', 'virtual milliseconds since power on after which the session ends with exit code 5', parsePositive)
    .option('--instructions <number>', 'instructions after which the session ends with exit code 5', parsePositive)
    .option('--stuck-after <number>', 'instructions without a timer, a device or a firmware call after which the guest counts as stuck; 400000000 if not given', parsePositive)
    .option('--trace [kernel.elf]', 'record and check every trap of user threads; a complete image needs the kernel.elf of its build')
    .option('--registers-only', 'with --trace: of a kernel that cannot be read, record causes and registers alone')
    .addOption(new Option('--config <name>', 'with --registers-only: configuration of the kernel, where its file does not tell').choices(['mcs', 'classic']))
    .option('--release <version>', 'with --trace: the release of seL4 that boots, e.g. 12.1.0, where its symbols do not tell', parseRelease)
    .option('--gdb <port>', 'wait for a debugger on this port (0 for any free one) of the loopback interface, and let it run the machine', parsePort)
    .option('--symbols <kernel.elf>', 'kernel of a complete image, so that the debugger shows its threads by name')
    .option('--json', 'print a report as JSON; the console goes to standard error')
    .addHelpText('after', `
Examples:
  sel4scope boot images/sel4test-driver-image-riscv-qemu-riscv-virt --expect "All is well in the universe"
  sel4scope boot --kernel kernel.elf --root root.elf --time-limit 5000
  sel4scope boot images/sel4test-driver-image-riscv-qemu-riscv-virt --trace kernel/kernel.elf
  sel4scope boot --kernel kernel.elf --root root.elf --gdb 3333
  sel4scope boot image --instructions 100000000 --save later.machine
  sel4scope boot --restore later.machine`)
    .action(async (image: string | undefined, options: BootOptions) => {
      const { boot } = await import('../boot/boot.ts');
      process.exitCode = await boot(image, options);
    });
}

function parseNsPerInstruction(text: string): number {
  return wholeNumber(text, 8, 32);
}

function parseMib(text: string): number {
  return wholeNumber(text, 1, 3072);
}
