// SPDX-License-Identifier: BSD-2-Clause
/** Errors of the service that a caller can tell apart. Each message is one a person can act on. */

/** The port that was asked for is taken. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
  readonly port: number;

  constructor(port: number) {
    super(`port ${port} is in use; stop what listens there, or choose another with --port`);
    this.port = port;
  }
}

/** Another service writes this data directory. */
export class DataInUseError extends Error {
  override readonly name = 'DataInUseError';
  readonly directory: string;

  constructor(directory: string, message: string) {
    super(message);
    this.directory = directory;
  }
}

/** Why a store cannot be opened, read or written. */
export type StoreFault =
  /** No file there, and none was to be made. */
  | 'missing'
  /** The directory or file may not be written. */
  | 'not-writable'
  /** No room left. */
  | 'full'
  /** Not a database of this service, or one that is damaged. */
  | 'damaged'
  /** Written by a later version of the service. */
  | 'too-new'
  /** Written by an earlier version, and opened for reading only. */
  | 'too-old'
  /** Anything else that the operating system or SQLite says. */
  | 'failed';

/** The store cannot be opened, read or written. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly fault: StoreFault;

  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** A request that the service cannot answer as asked; becomes an `ErrorBody`. */
export type RequestFault = 'bad-request' | 'records-dropped' | 'read-only' | 'too-large' | 'unknown-run' | 'unknown-record' | 'unknown-rule' | 'unknown-configuration' | 'unknown-finding' | 'unknown-job' | 'conflict' | 'timeout' | 'unavailable';

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly fault: RequestFault;
  readonly hint: string | undefined;

  constructor(fault: RequestFault, message: string, hint?: string) {
    super(message);
    this.fault = fault;
    this.hint = hint;
  }
}
