// SPDX-License-Identifier: BSD-2-Clause

/** Tables whose rows belong to a run, by column `run`. A test compares them with the schema. */
export const TABLES_OF_RUNS = ['chunk', 'chunk_key', 'subject', 'method_count', 'anomaly', 'anomaly_group', 'rule_state', 'thread_checkpoint', 'thread_chunk', 'run_tag'] as const;
