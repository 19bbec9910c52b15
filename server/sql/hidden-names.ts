// SPDX-License-Identifier: BSD-2-Clause
/**
 * Holds queries to the documented views. Tables of the store are shadowed by views of the same name that cannot be read, so
 * that only a name with its schema before it reaches them; such names, and those that cannot be shadowed, are refused word
 * by word.
 */
import type { Database } from 'better-sqlite3';
import { RequestError } from '../errors.ts';

/** Before the name of the table in the body of a shadow; SQLite's message repeats it. */
const MARK = 'undocumented ';

/** SQLite's tokens, as far as they matter: blanks and comments, text and names in their quotes, names, all else. */
const TOKEN = /(\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[([^\]]*)\]|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|([\s\S])/g;

/** Table-valued functions of SQLite that look at no table. */
const HARMLESS_MODULES = ['json_each', 'json_tree'];
const SCHEMAS = new Set(['main', 'temp']);
const OF_SQLITE = /^(?:sqlite|pragma)_/;

/** Shadows the tables of a connection's database, and returns the names of SQLite's own that queries must not have in them, in lower case. */
export function hideTables(db: Database): string[] {
  const tables = db.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").pluck().all() as string[];
  for (const table of tables) db.exec(`CREATE TEMP VIEW ${quoted(table)} AS SELECT * FROM ${quoted(`${MARK}${table}`)}`);
  const modules = db.prepare('SELECT name FROM pragma_module_list').pluck().all() as string[];
  return modules.map((name) => name.toLowerCase()).filter((name) => !HARMLESS_MODULES.includes(name));
}

/** Throws a RequestError for a query that names what is not documented. */
export function refuseHiddenNames(sql: string, hidden: ReadonlySet<string>): void {
  const words = wordsOf(sql);
  for (const [index, word] of words.entries()) {
    if (word.name === undefined) continue;
    const isSchema = SCHEMAS.has(word.name) && words[index + 1]?.text === '.';
    if (isSchema || hidden.has(word.name) || OF_SQLITE.test(word.name)) {
      throw new RequestError('bad-request', `${word.text}${isSchema ? '.' : ''} is not for queries`, 'only documented views can be read: GET /api/sql/schema (`sel4scope sql --schema`) lists them; text that looks like a name can be given as a parameter');
    }
  }
}

/** SQLite's message without the mark of a shadow. */
export function withoutMark(message: string): string {
  return message.replace(MARK, '');
}

interface Word {
  readonly text: string;
  /** What it names if it is a name, in lower case. SQLite takes text for a name where only a name can stand. */
  readonly name: string | undefined;
}

function wordsOf(sql: string): Word[] {
  const words: Word[] = [];
  for (const [text, blank, single, double, back, bracket, plain] of sql.matchAll(TOKEN)) {
    if (blank !== undefined) continue;
    const name = single?.replaceAll("''", "'") ?? double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? bracket ?? plain;
    words.push({ text, name: name?.toLowerCase() });
  }
  return words;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
