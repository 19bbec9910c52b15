// SPDX-License-Identifier: BSD-2-Clause
import type { NotChecked } from '../../schema/api/index.ts';

/** A run that cannot be judged again; it keeps the anomalies it has. */
export class NotCheckedError extends Error {
  override readonly name = 'NotCheckedError';
  readonly why: NotChecked['why'];

  constructor(why: NotChecked['why'], message: string) {
    super(message);
    this.why = why;
  }
}
