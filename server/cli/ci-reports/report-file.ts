// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { CommandError, EXIT } from '../exit-codes.ts';

/** Writes a report. Throws a usage error where it cannot be written. */
export function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(EXIT.usage, `the report cannot be written: ${(error as Error).message}`);
  }
}

/** A report that is JSON, as text. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
