// SPDX-License-Identifier: BSD-2-Clause
/** Writes small CPIO archives for tests. */

/** An entry of an archive whose text has one byte a character. */
export function cpioEntry(name: string, data: string): string {
  const fields = Array.from({ length: 13 }, () => 0);
  fields[6] = data.length;
  fields[11] = name.length + 1;
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return padded(padded(`${header}${name}\0`) + data);
}

/** An archive with its end mark. */
export function cpioArchive(files: Readonly<Record<string, string>>): Uint8Array {
  const text = [...Object.entries(files), ['TRAILER!!!', ''] as const].map(([name, data]) => cpioEntry(name, data)).join('');
  return new TextEncoder().encode(text);
}

function padded(text: string): string {
  return text.padEnd((text.length + 3) & ~3, '\0');
}
