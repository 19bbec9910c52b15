// SPDX-License-Identifier: BSD-2-Clause
import { Option, type Command } from 'commander';
import { HART_NAMES, type HartName } from '../../../emulator/machine/boot/hart-names.ts';
import { PLATFORM_NAMES, type PlatformName } from '../../../emulator/machine/devices/platform-names.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import type { DefectOptions } from './options.ts';

/** What {@link withKernelOption} adds to the options of a command. */
export interface KernelOptions {
  readonly kernel?: string;
  readonly dtb?: string;
  readonly hart?: HartName;
  readonly platform?: PlatformName;
  readonly interfaces?: string;
}

/** Adds `--kernel FILE`, and `--dtb`, `--hart`, `--platform` and `--interfaces` for it. `--release` of {@link DefectOptions} is for it, too. */
export function withKernelOption(command: Command): Command {
  return withInterfacesOption(command)
    .option('--kernel <file>', 'run on a real kernel: kernel.elf of a build for qemu-riscv-virt or spike')
    .option('--dtb <file>', 'with --kernel: device tree blob for the root task; none if not given')
    .addOption(new Option('--hart <name>', 'with --kernel: which hart executes it').choices([...HART_NAMES]))
    .addOption(platformOption('with --kernel: the platform that it was built for, where its symbols do not tell'));
}

/** `--platform NAME`. */
export function platformOption(description: string): Option {
  return new Option('--platform <name>', description).choices([...PLATFORM_NAMES]);
}

/** Adds `--interfaces DIR`. */
export function withInterfacesOption(command: Command): Command {
  return command.option('--interfaces <dir>', 'with a kernel that has methods of its own: its seL4 source tree, libsel4, or interface files');
}

/** Whether the options ask for a real kernel. Throws a usage error for options that do not go together. */
export function wantsKernel<Options extends KernelOptions & DefectOptions & { readonly checkInvariants?: boolean }>(
  options: Options,
): options is Options & { readonly kernel: string } {
  if (options.kernel === undefined) {
    if (options.dtb !== undefined || options.hart !== undefined || options.platform !== undefined || options.interfaces !== undefined) {
      throw new CommandError(EXIT.usage, '--dtb, --hart, --platform and --interfaces go with --kernel');
    }
    return false;
  }
  if (options.defect.length > 0) throw new CommandError(EXIT.usage, '--defect changes the model: it has no meaning with --kernel');
  if (options.checkInvariants === true) throw new CommandError(EXIT.usage, '--check-invariants looks into the model: it has no meaning with --kernel');
  return true;
}

/** The value of `--config` if the user gave one. */
export function askedConfiguration(command: Command): Scheduling | undefined {
  return command.getOptionValueSource('config') === 'cli' ? command.opts<{ config: Scheduling }>().config : undefined;
}
