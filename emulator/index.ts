// SPDX-License-Identifier: BSD-2-Clause
export type * from './host.ts';
export * from './kernel/defects.ts';
export { ModelKernel, type ModelOptions } from './kernel/model.ts';
export * from './user/threads.ts';
