// SPDX-License-Identifier: BSD-2-Clause
/** One XML file: its elements, and the place of each in the text. */
import { parseXml, XmlElement, XmlError, XmlText } from '@rgrove/parse-xml';
import { InterfaceError } from './interface-error.ts';
import type { Position } from './interface-error.ts';

export class Source {
  readonly file: string;
  readonly root: XmlElement;
  private readonly lineStarts: readonly number[];

  /** @throws InterfaceError when the text is not well-formed XML */
  constructor(file: string, text: string) {
    this.file = file;
    this.lineStarts = [0, ...[...text.matchAll(/\n/g)].map((m) => m.index + 1)];
    this.root = this.parse(text);
  }

  /** Where an element begins. */
  at(element: XmlElement): Position {
    return this.position(element.start);
  }

  fail(element: XmlElement, problem: string): never {
    throw new InterfaceError(this.at(element), problem);
  }

  /** Refuses attributes other than these. */
  expectAttributes(element: XmlElement, known: readonly string[]): void {
    const unknown = Object.keys(element.attributes).find((name) => !known.includes(name));
    if (unknown !== undefined) {
      this.fail(element, `<${element.name}> has no attribute '${unknown}'${known.length > 0 ? `; it has ${known.join(', ')}` : ''}`);
    }
  }

  /** The attribute, which must be there and not be empty. */
  required(element: XmlElement, attribute: string): string {
    const value = (element.attributes[attribute] ?? '').trim();
    if (value === '') this.fail(element, `<${element.name}> needs the attribute '${attribute}'`);
    return value;
  }

  /** The child elements, which must be of these names, with nothing but white space between them. */
  children(element: XmlElement, known: readonly string[]): XmlElement[] {
    const found: XmlElement[] = [];
    for (const node of element.children) {
      if (node instanceof XmlElement) {
        if (!known.includes(node.name)) {
          this.fail(node, `unexpected <${node.name}> in <${element.name}>${known.length > 0 ? `: choose from ${known.join(', ')}` : ''}`);
        }
        found.push(node);
      } else if (node instanceof XmlText && node.text.trim() !== '') {
        throw new InterfaceError(this.position(node.start), `unexpected text '${node.text.trim()}' in <${element.name}>`);
      }
    }
    return found;
  }

  /** The one child of this name among `children`, or `undefined`; a second one is an error. */
  only(children: readonly XmlElement[], name: string): XmlElement | undefined {
    const [first, second] = children.filter((c) => c.name === name);
    if (second !== undefined) this.fail(second, `a second <${name}>`);
    return first;
  }

  private parse(text: string): XmlElement {
    try {
      // The parser refuses a document without an element.
      return parseXml(text, { includeOffsets: true }).root!;
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      const summary = error.message.split('\n')[0]!.replace(/ \(line \d+, column \d+\)$/, '');
      throw new InterfaceError(this.position(error.pos), `not well-formed XML: ${summary}`);
    }
  }

  private position(offset: number): Position {
    let line = 0;
    let end = this.lineStarts.length;
    while (end - line > 1) {
      const middle = (line + end) >> 1;
      if (this.lineStarts[middle]! <= offset) line = middle;
      else end = middle;
    }
    return { file: this.file, line: line + 1, column: offset - this.lineStarts[line]! + 1 };
  }
}
