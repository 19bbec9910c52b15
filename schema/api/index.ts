// SPDX-License-Identifier: BSD-2-Clause
export * from './common.ts';
export * from './session.ts';
export * from './status.ts';
export * from './runs.ts';
export * from './records.ts';
export * from './record-detail.ts';
export * from './record-text.ts';
export * from './anomalies.ts';
export * from './findings.ts';
export * from './history.ts';
export * from './jobs.ts';
export * from './comparison.ts';
export * from './rules.ts';
export * from './interfaces.ts';
export * from './live.ts';
export * from './export.ts';
export * from './sql.ts';
