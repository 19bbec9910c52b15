// SPDX-License-Identifier: BSD-2-Clause

/** A place in an interface file. Line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An interface file that cannot be read or contradicts itself. The message is `file:line:column: problem`. */
export class InterfaceError extends Error {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong, without the place. */
  readonly problem: string;

  constructor(at: Position, problem: string) {
    super(`${at.file}:${at.line}:${at.column}: ${problem}`);
    this.name = 'InterfaceError';
    this.file = at.file;
    this.line = at.line;
    this.column = at.column;
    this.problem = problem;
  }
}
