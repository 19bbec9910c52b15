// SPDX-License-Identifier: BSD-2-Clause
import { InvalidArgumentError, type Command } from 'commander';
import type { ServiceOptions } from '../../app.ts';
import { parsePositive, parseTag } from './options.ts';

/** What {@link withRetentionOptions} adds to the options of a command. */
export interface RetentionOptions {
  readonly retainDays?: number;
  readonly retainSize?: number;
  readonly keepTag: readonly string[];
}

/** Adds `--retain-days`, `--retain-size` and `--keep-tag`. */
export function withRetentionOptions(command: Command): Command {
  return command
    .option('--retain-days <days>', 'drop the records of runs to which nothing has happened for so long; their counts and anomalies stay', parsePositive)
    .option('--retain-size <size>', 'drop the records of the oldest runs while more than this is in use: 20GB', parseSize)
    .option('--keep-tag <tag>', 'with --retain-...: never touch runs with this tag (may be repeated)', (tag: string, earlier: readonly string[]) => [...earlier, parseTag(tag)], []);
}

/** What they mean for the service. */
export function retentionOf({ retainDays, retainSize, keepTag }: RetentionOptions): Pick<ServiceOptions, 'retention'> {
  if (retainDays === undefined && retainSize === undefined) return {};
  return {
    retention: {
      ...(retainDays === undefined ? {} : { olderThanMs: retainDays * UNITS['d']! }), ...(retainSize === undefined ? {} : { maxBytes: retainSize }), keepTags: [...keepTag], drop: 'records',
    },
  };
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const SIZES: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, KI: 2 ** 10, MI: 2 ** 20, GI: 2 ** 30, TI: 2 ** 40 };

/** Ms of an age: `90m`, `12h`, `30d`, `8w`. */
export function parseAge(text: string): number {
  const [, number, unit] = /^(\d{1,9})([mhdw])$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Give a whole number of minutes, hours, days or weeks: 90m, 12h, 30d, 8w.');
  return Number(number) * UNITS[unit!]!;
}

/** Bytes of a size: `5GB`, `500MiB`, `1.5T`. */
export function parseSize(text: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,6})?)\s*([KMGT]I?|)B?$/.exec(text.toUpperCase()) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Give a size: 5GB, 500MiB, 1.5T.');
  return Math.floor(Number(number) * SIZES[unit!]!);
}

/** A number of bytes as a person reads it. */
export function sizeText(bytes: number): string {
  const [size, unit] = bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : bytes >= 1e3 ? [1e3, 'kB'] : [1, 'B'];
  return `${(bytes / size).toFixed(size === 1 ? 0 : 1)} ${unit}`;
}
