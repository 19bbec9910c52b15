// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { packageFile } from './package-paths.ts';

/** Version of the package, as in `package.json`. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version;
}
