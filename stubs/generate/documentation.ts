// SPDX-License-Identifier: BSD-2-Clause
/** TSDoc comments from what the interface says about a method. */
import { functionName } from '../../schema/idl/methods.ts';
import type { Method } from '../../schema/idl/model.ts';
import { errorClassName } from '../runtime/kernel-error.ts';
import type { Argument } from './argument.ts';
import { parameterIdentifier } from './names.ts';

const WIDTH = 118;

/** Comment of a method's throwing form. */
export function methodComment(method: Method, args: readonly Argument[]): string[] {
  const identifiers = new Map([...method.order, ...method.out.map(({ name }) => name)].map((name) => [name, parameterIdentifier(name)]));
  const text = (raw: string) => plain(raw, identifiers);
  const paragraphs = [sentence(text(method.brief)), ...method.description.split(/\n\s*\n/).map(text)].filter((p) => p !== '');
  const returns = returnsText(method, text);
  const tags = [
    ...args.filter((a) => a.description !== '').map((a) => `@param ${a.identifier} ${text(a.description)}`),
    ...(returns === '' ? [] : [`@returns ${returns}`]),
    ...method.errors.map(({ error, description }) => `@throws ${errorClassName(error)}${description === '' ? '' : `: ${text(description)}`}`),
    `@see \`${functionName(method)}\`${method.manualLabel === '' ? '' : `, manual label \`${method.manualLabel}\``}`,
  ];
  return comment([...paragraphs.flatMap((p) => [...wrap(p), '']), ...tags.flatMap((t) => wrap(t, '  '))]);
}

/** Comment of an interface's class. */
export function interfaceComment(interfaceName: string, description: string): string[] {
  const text = plain(description, new Map());
  return comment(wrap(`\`${interfaceName}\`${text === '' ? '' : `: ${text}`}`));
}

/** A comment block of lines; one line if it fits. */
function comment(lines: readonly string[]): string[] {
  if (lines.length === 1 && lines[0]!.length < WIDTH - 7) return [`/** ${lines[0]!} */`];
  return ['/**', ...lines.map((line) => (line === '' ? ' *' : ` * ${line}`)), ' */'];
}

function returnsText(method: Method, text: (raw: string) => string): string {
  const { out } = method;
  if (out.length === 0) return '';
  if (out.length === 1) return text(out[0]!.type.kind === 'struct' ? method.returns : out[0]!.description);
  return out.map((p) => `${parameterIdentifier(p.name)}: ${text(p.description)}`).join(' ');
}

function sentence(line: string): string {
  return line === '' || /[.!?]$/.test(line) ? line : `${line}.`;
}

/** One paragraph, harmless inside a comment and to TSDoc, with parameters under the names they have in TypeScript. */
function plain(raw: string, identifiers: ReadonlyMap<string, string>): string {
  return raw.replace(/\s+/g, ' ').trim()
    .replaceAll('*/', '*\\/').replace(/(^|\s)@/g, '$1\\@').replace(/[{}]/g, '\\$&')
    .replace(/`([A-Za-z_]\w*)`/g, (_, name: string) => `\`${name === '_service' ? 'this' : identifiers.get(name) ?? name}\``);
}

function wrap(paragraph: string, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH - 5) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
