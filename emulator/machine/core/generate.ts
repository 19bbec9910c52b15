// SPDX-License-Identifier: BSD-2-Clause
/** The constants that the assembly shares with the rest of the machine, as a module of the assembly. */
import { CSRS } from '../isa/csrs.ts';
import { HART, DIRECTORY, PAGE, RAM_BASE, STOP_ON, STORE_LOG, WATCHED_WORDS_BYTES } from '../memory/layout.ts';
import { BREAKPOINTS, CORE_MAP, RECORD, RECORD_BYTES, ROW, SLOT_BYTES, SLOTS, TLB_ENTRIES } from './map.ts';
import { OPERATIONS } from './operations.ts';
import { STOPS } from './stops.ts';

/** Source of `generated.ts` of the assembly. */
export function generatedModule(): string {
  const lines: string[] = [];
  const define = (name: string, type: string, value: number): void => {
    lines.push(`export const ${constantName(name)}: ${type} = ${value};`);
  };
  const group = (prefix: string, type: string, values: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(values)) define(`${prefix}_${name}`, type, value);
  };
  group('HART', 'usize', HART);
  group('STOP_ON', 'u32', STOP_ON);
  group('PAGE', 'u32', PAGE);
  group('LOG', 'usize', STORE_LOG);
  group('MAP', 'usize', CORE_MAP);
  group('RECORD', 'usize', { ...RECORD, bytes: RECORD_BYTES });
  group('ROW', 'usize', ROW);
  define('DIRECTORY', 'usize', DIRECTORY);
  define('RAM_BASE', 'u64', RAM_BASE);
  define('WATCHED_WORDS_BYTES', 'usize', WATCHED_WORDS_BYTES);
  define('SLOT_BYTES', 'u32', SLOT_BYTES);
  define('SLOTS', 'u32', SLOTS);
  define('TLB_ENTRIES', 'u32', TLB_ENTRIES);
  define('BREAKPOINTS', 'u32', BREAKPOINTS);
  for (const { name, number } of CSRS) define(`CSR_${name}`, 'u32', number);
  OPERATIONS.forEach((name, number) => define(`OP_${name}`, 'i32', number));
  STOPS.forEach((name, number) => define(`STOP_${name}`, 'i32', number));
  return `${lines.join('\n')}\n`;
}

/** `storeLogCount`, `fadd.s` to `STORE_LOG_COUNT`, `FADD_S`. */
function constantName(name: string): string {
  return name.replace(/\./g, '_').replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
}
