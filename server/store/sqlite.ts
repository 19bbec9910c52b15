// SPDX-License-Identifier: BSD-2-Clause
/**
 * The SQLite binding that this Node.js can use. better-sqlite3 13 is built on Node-API 10, which Node 20 does not have;
 * better-sqlite3 12 is bound to internals of V8, and Node 24 ends the process when one of its statements is collected.
 */
import type BetterSqlite3 from 'better-sqlite3';
import { createRequire } from 'node:module';

const NEEDED_NODE_API = 10;
const PACKAGE = Number(process.versions.napi) >= NEEDED_NODE_API ? 'better-sqlite3-node-api' : 'better-sqlite3';

function load(): typeof BetterSqlite3 {
  try {
    return createRequire(import.meta.url)(PACKAGE) as typeof BetterSqlite3;
  } catch (error) {
    throw new Error(`the SQLite binding ${PACKAGE} is not installed for Node ${process.version}: run \`npm ci\` with this Node`, { cause: error });
  }
}

export const Sqlite: typeof BetterSqlite3 = load();
export const SqliteError: typeof BetterSqlite3.SqliteError = Sqlite.SqliteError;
