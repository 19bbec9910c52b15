// SPDX-License-Identifier: BSD-2-Clause
/** SIGINT and SIGTERM: the first one asks for an orderly end, the next one is final. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Aborts at the first signal from now on. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** Resolves at the first signal from now on. */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => { interruption().addEventListener('abort', () => resolve()); });
}
