// SPDX-License-Identifier: BSD-2-Clause
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFECT_NAMES, type DefectName } from '../../../emulator/kernel/defects.ts';
import { defectsOfRelease } from '../../../emulator/kernel/releases.ts';
import { isRelease } from '../../../schema/abi/releases.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import { MOST_TAGS, TAG_PATTERN } from '../../../schema/trace/names.ts';
import { CommandError, EXIT } from '../exit-codes.ts';

/** Adds `--data`. */
export function withDataOption(command: Command): Command {
  return command.addOption(new Option('--data <dir>', 'directory of the traces').env('SEL4SCOPE_DATA'));
}

/** What {@link withDefectOption} adds to the options of a command. */
export interface DefectOptions {
  readonly defect: readonly DefectName[];
  readonly release?: string;
}

/** Adds `--defect NAME`, which may be given more than once, and `--release VERSION`. */
export function withDefectOption(command: Command): Command {
  const defect = new Option('--defect <name>', 'show a historic defect of the kernel, see `sel4scope defects` (may be repeated)');
  return command
    .addOption(defect.argParser(collectDefects).default([] as DefectName[], 'none'))
    .option('--release <version>', 'show the defects that a release of seL4 had, e.g. 12.1.0; with --kernel: the release that it is of');
}

/** The defects that the options ask for, each once. Throws a usage error for a release that there is not. */
export function chosenDefects(options: DefectOptions, scheduling: Scheduling): DefectName[] {
  return [...new Set([...releaseDefects(options.release, scheduling), ...options.defect])];
}

/** The release that the model shows: the one asked for. Empty with other defects, and without a release: every release has defects that the model by itself has not. */
export function shownRelease({ release = '', defect }: DefectOptions): string {
  return defect.length > 0 ? '' : release;
}

/** Adds `--tag NAME`, which may be given more than once. */
export function withTagOption(command: Command): Command {
  const tag = new Option('--tag <tag>', 'tag of the run, e.g. nightly or board:spike (may be repeated)');
  return command.addOption(tag.argParser(collectTags).default([] as string[], 'none'));
}

/** One tag, as it may look. */
export function parseTag(text: string): string {
  if (!new RegExp(TAG_PATTERN).test(text)) throw new InvalidArgumentError('A tag has 1 to 64 letters, digits and .:/_-, the first a letter or digit.');
  return text;
}

function collectTags(text: string, earlier: readonly string[]): string[] {
  if (earlier.length === MOST_TAGS) throw new InvalidArgumentError(`A run has at most ${MOST_TAGS} tags.`);
  return [...earlier, parseTag(text)];
}

/** The name of a release, also of one that the model cannot show. */
export function parseRelease(text: string): string {
  if (!isRelease(text)) throw new InvalidArgumentError('Give a release of seL4, e.g. 12.1.0.');
  return text;
}

function releaseDefects(release: string | undefined, scheduling: Scheduling): DefectName[] {
  if (release === undefined) return [];
  try {
    return defectsOfRelease(release, scheduling);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(EXIT.usage, error.message);
    throw error;
  }
}

function collectDefects(name: string, earlier: readonly DefectName[]): DefectName[] {
  if (!DEFECT_NAMES.includes(name as DefectName)) throw new InvalidArgumentError(`Choose from ${DEFECT_NAMES.join(', ')}.`);
  return [...earlier, name as DefectName];
}

/** A TCP port, 0 for any free one. */
export function parsePort(text: string): number {
  return wholeNumber(text, 0, 65535);
}

/** A natural number. */
export function parseNatural(text: string): number {
  return wholeNumber(text, 0, Number.MAX_SAFE_INTEGER);
}

/** A number of at least 1. */
export function parsePositive(text: string): number {
  return wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);
}

/** A whole number within bounds; throws the usage error of an argument otherwise. */
export function wholeNumber(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  return value;
}
