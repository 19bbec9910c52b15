// SPDX-License-Identifier: BSD-2-Clause
export { createClient, type Client, type ClientOptions, type OperationAnswer, type OperationArguments } from './client.ts';
export { ClientError, type ClientErrorCode } from './error.ts';
export type { RequestOptions, UploadBody } from './request.ts';
export type { Socket } from './live.ts';
export type * from '../api/index.ts';
