// SPDX-License-Identifier: BSD-2-Clause
/** Errors on their way from a worker thread: a structured clone keeps no class, so they travel as plain data. */
import { DataInUseError, RequestError, StoreError, type RequestFault, type StoreFault } from './errors.ts';

export type PackedError =
  | { readonly type: 'request'; readonly fault: RequestFault; readonly message: string; readonly hint: string | undefined }
  | { readonly type: 'store'; readonly fault: StoreFault; readonly message: string }
  | { readonly type: 'inUse'; readonly directory: string; readonly message: string }
  | { readonly type: 'other'; readonly message: string; readonly stack: string | undefined };

export function packError(error: unknown): PackedError {
  if (error instanceof RequestError) return { type: 'request', fault: error.fault, message: error.message, hint: error.hint };
  if (error instanceof StoreError) return { type: 'store', fault: error.fault, message: error.message };
  if (error instanceof DataInUseError) return { type: 'inUse', directory: error.directory, message: error.message };
  return error instanceof Error
    ? { type: 'other', message: error.message, stack: error.stack }
    : { type: 'other', message: String(error), stack: undefined };
}

export function unpackError(packed: PackedError): Error {
  switch (packed.type) {
    case 'request': return new RequestError(packed.fault, packed.message, packed.hint);
    case 'store': return new StoreError(packed.fault, packed.message);
    case 'inUse': return new DataInUseError(packed.directory, packed.message);
    case 'other': {
      const error = new Error(packed.message);
      if (packed.stack !== undefined) error.stack = packed.stack;
      return error;
    }
  }
}
