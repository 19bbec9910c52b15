// SPDX-License-Identifier: BSD-2-Clause
/** Text for people: counts, virtual times, 64-bit words, names. No state, no DOM. */
import { ERRORS } from '../../schema/abi/errors.ts';
import type { RecordRow, RunSummary, StateSegment, ThreadStory } from '../../schema/api/index.ts';

const COUNT = new Intl.NumberFormat('en');

/** A whole number with its thousands marked. */
export function count(value: number): string {
  return COUNT.format(value);
}

/** `1 record`, `2 records`. */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** A large count in four characters or so: `987`, `12.3k`, `4.56M`. */
export function shortCount(value: number): string {
  if (value < 1000) return String(Math.round(value));
  const units = ['k', 'M', 'G', 'T'];
  let scaled = value;
  let unit = -1;
  do {
    scaled /= 1000;
    unit++;
  } while (scaled >= 999.5 && unit < units.length - 1);
  return `${scaled >= 100 ? scaled.toFixed(0) : scaled >= 10 ? scaled.toFixed(1) : scaled.toFixed(2)}${units[unit]}`;
}

/** A share as a change: `+12 %`, `−3 %`. */
export function percent(share: number): string {
  return `${share < 0 ? '−' : '+'}${COUNT.format(Math.round(Math.abs(share) * 100))} %`;
}

/** A virtual time in seconds to the nanosecond, decimals in groups of three: `1.234 567 890`. */
export function virtualTime(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const decimals = String(ns - seconds * 1e9).padStart(9, '0');
  return `${seconds}.${decimals.slice(0, 3)} ${decimals.slice(3, 6)} ${decimals.slice(6)}`;
}

/** A span of time in its natural unit, at most three decimals: `1.204 µs`. */
export function duration(ns: number): string {
  const [unit, size] = ns < 1e3 ? ['ns', 1] as const : ns < 1e6 ? ['µs', 1e3] as const : ns < 1e9 ? ['ms', 1e6] as const : ['s', 1e9] as const;
  return `${COUNT.format(Math.round((ns / size) * 1000) / 1000)} ${unit}`;
}

/** Hexadecimal digits of a word in groups of four from the right, without the `0x`. */
export function hexGroups(hex: string): string[] {
  const digits = hex.replace(/^0x/, '');
  const head = digits.length % 4;
  const groups = digits.slice(head).match(/.{4}/g) ?? [];
  return head === 0 ? groups : [digits.slice(0, head), ...groups];
}

/** A 64-bit word in decimal, and as a negative number too where its top bit is set. */
export function decimal(hex: string): string {
  const value = BigInt(hex);
  const signed = BigInt.asIntN(64, value);
  return signed < 0n ? `${COUNT.format(value)} (signed ${COUNT.format(signed)})` : COUNT.format(value);
}

/** Last component of a path; a program is best known by it. */
export function programName(program: string): string {
  return program.replace(/\/+$/, '').split('/').at(-1) || program || 'unnamed program';
}

/** `model 16.0.0`. */
export function kernelName(run: RunSummary): string {
  return run.kernelVersion === '' ? run.kernel : `${run.kernel} ${run.kernelVersion}`;
}

/** What a run's life came to, in a word. */
export function runStateText(run: RunSummary): string {
  if (run.state === 'running') return 'live';
  if (run.state === 'interrupted') return 'interrupted';
  return run.end === null || run.end === 'completed' ? 'ended' : `ended: ${run.end}`;
}

/** Anomalies of all severities. */
export function anomalyTotal(run: RunSummary): number {
  return run.anomalies.error + run.anomalies.warning + run.anomalies.info;
}

/** A wall-clock moment in local time: the time of day, or the date when it is another day than `now`. */
export function clock(moment: string, now: Date): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return moment;
  const two = (n: number): string => String(n).padStart(2, '0');
  if (date.toDateString() === now.toDateString()) return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Name of the label of a kernel reply: `ok`, an error, or the bare number, which no kernel reply should have. */
export function replyLabel(label: number): string {
  return label === 0 ? 'ok' : ERRORS[label] ?? `label ${label}`;
}

/** Label of what the invoker received in its trap. A message from a user has a label of the user's own. */
export function receivedLabel(row: RecordRow): string {
  if (row.reply === null) return '';
  return row.outcome === 'replied' || row.outcome === 'error' ? replyLabel(row.reply.label) : `label ${row.reply.label}`;
}

/** How an activity is counted and filtered: the method; the system call where there is none; the cause where it is no system call. */
export function activity(row: RecordRow): string {
  return row.method || row.syscall || row.cause;
}

/** Name of a thread; never empty. */
export function threadName(id: number, names: ReadonlyMap<number, string>): string {
  return names.get(id) || (id === 0 ? 'idle thread' : `thread ${id}`);
}

/** `outOfBudget` as `out of budget`. */
export function words(camelCase: string): string {
  return camelCase.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** `BlockedOnReceive` as `blocked on receive`. */
export function stateWords(state: StateSegment['state']): string {
  return state === 'IdleThreadState' ? 'idle' : words(state).trim();
}

/** What the scheduling context of a thread gives it, as `budget 1 ms of 10 ms`; empty where that is not known, or is nothing to say. */
export function schedContextText({ schedContext, schedContextKnown }: Pick<ThreadStory, 'schedContext' | 'schedContextKnown'>): string {
  if (!schedContextKnown) return '';
  if (schedContext === null) return 'no scheduling context';
  const { object, budgetUs, periodUs } = schedContext;
  const budget = budgetUs === null ? '' : budgetUs === periodUs ? `budget ${duration(budgetUs * 1000)}` : `budget ${duration(budgetUs * 1000)} of ${duration((periodUs ?? 0) * 1000)}`;
  return [object?.name ?? '', budget].filter((text) => text !== '').join(' ') || 'scheduling context';
}

/** A whole number that somebody typed, with or without thousands marked or `#`; undefined when it is none from `least` to `most`. */
export function naturalOf(text: string, least: number, most: number): number | undefined {
  const plain = text.replace(/[,\s#]/g, '');
  const value = Number(plain);
  return plain !== '' && Number.isSafeInteger(value) && value >= least && value <= most ? value : undefined;
}

/** Address of what a rule refers to, or null for what has none (a section of the manual). */
export function referenceUrl(reference: string): string | null {
  const issue = /^(?:([\w.-]+)\/)?([\w.-]+)#(\d+)$/.exec(reference);
  if (issue !== null) return `https://github.com/${issue[1] ?? 'seL4'}/${issue[2]}/issues/${issue[3]}`;
  return /^[0-9a-f]{7,40}$/.test(reference) ? `https://github.com/seL4/seL4/commit/${reference}` : null;
}
