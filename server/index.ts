// SPDX-License-Identifier: BSD-2-Clause
/** The trace service, as a program uses it. */
export { createService, type Address, type Service, type ServiceOptions } from './app.ts';
export { DataInUseError, PortInUseError, RequestError, StoreError, type RequestFault, type StoreFault } from './errors.ts';
export { openStore, type OpenStoreOptions } from './open-store.ts';
export { TraceReader, type StoreTotals } from './query/trace-reader.ts';
export type * from '../schema/api/index.ts';
