// SPDX-License-Identifier: BSD-2-Clause
/**
 * `--record FILE`: a run goes into a trace file of its own. While it runs, the trace lies in a directory beside the file,
 * so that the file is complete from the moment it is there, and what a killed process leaves behind can still be read.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import type { Command } from 'commander';
import type { RunList } from '../../schema/api/index.ts';
import { dataFile } from '../store/location.ts';
import { lockDirectory } from '../store/lock.ts';
import { refuseTaken, sealTraceFile, traceFileName } from '../store/trace-file.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { accessService, ownAccess, ownService, type ServiceAccess, type ServiceOptions } from './service-access.ts';

/** What {@link withRecordOption} adds to the options of a command. */
export interface RecordOptions {
  readonly record?: string;
  readonly force?: boolean;
}

/** Adds `--record FILE` and `--force`. */
export function withRecordOption(command: Command): Command {
  return command
    .option('--record <file>', 'keep the trace in this file (.s4trace unless it has an ending) in place of the data directory')
    .option('--force', 'with --record: overwrite the file');
}

/** Where the trace of a command goes: into the file of `--record`, else to a service. Closing it completes the file. */
export async function traceDestination(options: ServiceOptions & RecordOptions): Promise<ServiceAccess> {
  if (options.record === undefined) {
    if (options.force === true) throw new CommandError(EXIT.usage, '--force goes with --record');
    return accessService(options);
  }
  if (options.server !== undefined) throw new CommandError(EXIT.usage, '--record and --server exclude each other', 'sel4scope import FILE --server URL sends the file later');
  const file = traceFileName(options.record);
  const directory = `${file}.recording`;
  refuseTaken(file, options.force === true);
  if (existsSync(dataFile(directory))) {
    if (options.force !== true) {
      throw new CommandError(EXIT.usage, `${directory} is being written, or was left behind by a recording that was killed`,
        `sel4scope merge ${directory} -o OTHER saves what it has; --force drops it`);
    }
    lockDirectory(directory).release();
    removeRecording(directory);
  }
  const service = await ownService(directory);
  const access = ownAccess(service);
  return {
    ...access,
    traceFile: file,
    close: async () => {
      const { runs } = await access.get<RunList>('/api/runs', { limit: 1 });
      await access.close();
      // Without a run nothing was recorded: the command failed before.
      if (runs.length > 0) sealTraceFile(dataFile(directory), file);
      removeRecording(directory);
    },
  };
}

/** Removes a directory that only a recording has written. */
function removeRecording(directory: string): void {
  const known = /^(traces\.db(-wal|-shm|-journal)?|service\.(lock|pid)(-journal)?|[0-9a-f-]{36}\.part.*)$/;
  const other = readdirSync(directory).find((name) => !known.test(name));
  if (other !== undefined) throw new CommandError(EXIT.usage, `${directory} has something that no recording makes: ${other}`);
  rmSync(directory, { recursive: true });
}
