// SPDX-License-Identifier: BSD-2-Clause
/**
 * Descriptions of interface files as plain text: `<texttt text="x"/>` becomes `x` in backquotes, `<obj name="x"/>`
 * the name. References into the manual (`<docref>`, `<autoref>`, `<shortref>`) mean nothing outside it and go.
 */
import { XmlElement, XmlText } from '@rgrove/parse-xml';

function rawText(element: XmlElement): string {
  let text = '';
  for (const node of element.children) {
    if (node instanceof XmlText) text += node.text;
    else if (node instanceof XmlElement) text += inline(node);
  }
  return text;
}

function inline(element: XmlElement): string {
  switch (element.name) {
    case 'texttt': return `\`${element.attributes['text'] ?? element.text}\``;
    case 'obj': return element.attributes['name'] ?? '';
    case 'docref': case 'autoref': case 'shortref': case 'errorenumdesc': return '';
    default: return rawText(element);
  }
}

/** White space within a paragraph becomes one space; paragraphs stay apart by an empty line. */
export function tidy(text: string): string {
  return text.split(/\n[ \t]*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, ' ').replace(/ ([.,;:])/g, '$1').trim())
    .filter((paragraph) => paragraph !== '')
    .join('\n\n');
}

/** The text of a description element; empty for none. */
export function proseOf(element: XmlElement | undefined): string {
  return element === undefined ? '' : tidy(rawText(element));
}
