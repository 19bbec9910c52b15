// SPDX-License-Identifier: BSD-2-Clause
/** How far long work is: on a line of standard error that goes away, or, where that is no terminal, on a line now and then. */

/** Time between two looks on a terminal and between two lines in a log, ms. */
const TERMINAL_MS = 200;
const LOG_MS = 15_000;

export interface Progress {
  /** Says where the work is. Cheap: most calls show nothing. */
  show(text: () => string): void;
  /** Takes the line away. */
  clear(): void;
}

export function progress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const terminal = stream.isTTY === true;
  const interval = terminal ? TERMINAL_MS : LOG_MS;
  let next = Date.now() + interval;
  return {
    show: (text) => {
      if (Date.now() < next) return;
      next = Date.now() + interval;
      stream.write(terminal ? `\r\u001b[2K${text()}` : `${text()}\n`);
    },
    clear: () => {
      if (terminal) stream.write('\r\u001b[2K');
    },
  };
}
