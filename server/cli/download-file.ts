// SPDX-License-Identifier: BSD-2-Clause
/** Files that a service sends: there wholly under their name, or not at all. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { publish } from '../store/trace-file.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { download, type ServiceOptions } from './service-access.ts';

/** Writes the answer of `GET path` to a file. Throws a CommandError. */
export async function writeDownload(options: ServiceOptions & { readonly server: string }, path: string, file: string): Promise<void> {
  const part = join(dirname(file), `.${basename(file)}.${randomUUID()}.part`);
  const pieces = await download(options, path, {});
  try {
    await pipeline(Readable.from(pieces), createWriteStream(part, { flags: 'wx' }));
    publish(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw new CommandError(EXIT.unreadable, `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
