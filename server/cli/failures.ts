// SPDX-License-Identifier: BSD-2-Clause
import { InterfaceError } from '../../schema/idl/interface-error.ts';
import { TraceError } from '../../emulator/probe/trace-error.ts';
import { DataInUseError, PortInUseError, RequestError, StoreError } from '../errors.ts';
import { SafetyError } from '../safety/safety-error.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** What an error that reached the top means to the one who called: a message, and an exit code. */
export function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof PortInUseError || error instanceof DataInUseError) return new CommandError(EXIT.usage, error.message);
  if (error instanceof SafetyError) return new CommandError(EXIT.usage, error.message, error.hint);
  if (error instanceof RequestError) return new CommandError(EXIT.unreadable, error.message, error.hint);
  if (error instanceof TraceError) return new CommandError(EXIT.unreadable, `the trace could not be kept: ${error.message}`);
  if (error instanceof StoreError || error instanceof InterfaceError) return new CommandError(EXIT.unreadable, error.message);
  if (error instanceof Error) return new CommandError(EXIT.crashed, error.stack ?? error.message);
  return new CommandError(EXIT.crashed, String(error));
}
