// SPDX-License-Identifier: BSD-2-Clause
import type { Subject } from './names.ts';
import type { TrapRecord } from './trap-record.ts';

/** Where a probe sends what it sees. Subjects are announced before the first record that names them. */
export interface TraceSink {
  subject(subject: Subject): void;
  /** The record is valid only during the call. */
  record(record: TrapRecord): void;
}
