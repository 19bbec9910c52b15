// SPDX-License-Identifier: BSD-2-Clause
/** `--expect FILE`: findings that are known, each with a reason. */
import { readFileSync } from 'node:fs';
import { CommandError, EXIT } from '../exit-codes.ts';
import type { Finding, AuditCase } from './case-run.ts';

/** A known finding: of a rule, about a method, in one situation or in all. */
export interface Known {
  readonly rule: string;
  readonly method: string;
  readonly situation?: string;
  readonly reason: string;
}

const FIELDS = ['rule', 'method', 'situation', 'reason'];

/** Reads the file. Throws a CommandError (exit 3) that names the line for anything that is not a list of known findings. */
export function readKnown(file: string): Known[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.unreadable, `${file} cannot be read: ${(error as Error).message}`);
  }
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const position = /position (\d+)/.exec(message)?.[1];
    const line = lineOf(text, position === undefined ? text.length : Number(position));
    throw new CommandError(EXIT.unreadable, `${file}:${line}: ${message}`);
  }
  if (!Array.isArray(list)) throw new CommandError(EXIT.unreadable, `${file}:1: a list of {"rule", "method", "situation"?, "reason"} is expected`);
  const starts = entryStarts(text);
  return list.map((entry: unknown, i) => {
    const problem = problemOf(entry);
    if (problem !== undefined) throw new CommandError(EXIT.unreadable, `${file}:${lineOf(text, starts[i] ?? 0)}: ${problem}`);
    return entry as Known;
  });
}

function problemOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'an entry must be an object';
  const fields = entry as Record<string, unknown>;
  for (const name of ['rule', 'method', 'reason']) {
    if (typeof fields[name] !== 'string' || fields[name] === '') return `an entry needs a "${name}"`;
  }
  const wrong = Object.keys(fields).find((name) => !FIELDS.includes(name) || typeof fields[name] !== 'string');
  return wrong === undefined ? undefined : `"${wrong}" is no text field of an entry`;
}

/** Whether a finding in a case is the known one. */
export function isKnown(known: Known, finding: Finding, { situation }: AuditCase): boolean {
  return known.rule === finding.rule && known.method === finding.method && (known.situation === undefined || known.situation === situation);
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** Where the values of a JSON list begin. */
function entryStarts(text: string): number[] {
  const starts: number[] = [];
  let depth = 0;
  let expectsValue = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (/\s/.test(char)) continue;
    if (depth === 1 && expectsValue && char !== ']') {
      starts.push(i);
      expectsValue = false;
    }
    if (char === '"') i = endOfString(text, i);
    else if (char === '[' || char === '{') expectsValue = ++depth === 1;
    else if (char === ']' || char === '}') depth--;
    else if (char === ',' && depth === 1) expectsValue = true;
  }
  return starts;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}
