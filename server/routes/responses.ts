// SPDX-License-Identifier: BSD-2-Clause
import { Type, type TSchema } from 'typebox';
import { ErrorBody } from '../../schema/api/index.ts';

/** Response schemas of a route, for the API description: the answer, and the error body for all else. */
export function responses(ok: TSchema, status = 200): Record<string, TSchema> {
  return { [status]: ok, '4xx': ErrorBody, '5xx': ErrorBody };
}

/** Query of a route that takes none: a parameter there is a mistake worth telling. */
export const NoQuery = Type.Object({}, { additionalProperties: false });
