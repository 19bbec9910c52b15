// SPDX-License-Identifier: BSD-2-Clause
/** What commands print: human text and JSON to standard output, progress and errors to standard error. */

/** Colour only on a terminal, and not with NO_COLOR set (no-color.org). */
function coloured(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
}

function paint(code: number): (text: string) => string {
  return (text) => (coloured(process.stdout) ? `\u001b[${code}m${text}\u001b[0m` : text);
}

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

/** Lets a command come to its end when nobody reads its output any more, as in `sel4scope records | head`. */
export function allowUnreadOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** For people who watch: to standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A column of a table. Numbers stand right. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly right?: boolean;
  /** May be cut where the terminal is too narrow for the table. */
  readonly cut?: boolean;
}

const COLUMN_GAP = '  ';
/** A column is not cut below this. */
const LEAST_WIDTH = 8;

/** Prints rows as a table with a title line. `terminal`: columns of the screen, Infinity where it is none. */
export function printTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], terminal = process.stdout.columns ?? Infinity): void {
  const cells = rows.map((row) => columns.map((column) => column.text(row)));
  const widths = columns.map((column, i) => cells.reduce((widest, line) => Math.max(widest, line[i]!.length), column.title.length));
  narrow(widths, columns, terminal);
  const format = (line: readonly string[]): string =>
    line.map((cell, i) => {
      const text = cell.length <= widths[i]! ? cell : `${cell.slice(0, widths[i]! - 1)}…`;
      return columns[i]!.right === true ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
    }).join(COLUMN_GAP).trimEnd();
  printLine(dim(format(columns.map((column) => column.title))));
  for (const line of cells) printLine(format(line));
}

/** Takes from the widest of the columns that may be cut until the table fits, or none can give more. */
function narrow(widths: number[], columns: readonly Column<never>[], terminal: number): void {
  let excess = widths.reduce((sum, width) => sum + width, COLUMN_GAP.length * (widths.length - 1)) - terminal;
  for (; excess > 0; excess--) {
    let widest = -1;
    columns.forEach(({ cut }, i) => { if (cut === true && widths[i]! > Math.max(LEAST_WIDTH, widths[widest] ?? 0)) widest = i; });
    if (widest < 0) return;
    widths[widest]!--;
  }
}

/** Wraps text at spaces to a width. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + piece.length > width) {
      lines.push(line);
      line = piece;
    } else {
      line = line === '' ? piece : `${line} ${piece}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines.map((l) => indent + l).join('\n');
}

/** Virtual nanoseconds as a person reads them: `1.250 ms`. */
export function virtualTime(ns: number): string {
  if (ns < 1000) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(3)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(3)} ms`;
  return `${(ns / 1e9).toFixed(3)} s`;
}
