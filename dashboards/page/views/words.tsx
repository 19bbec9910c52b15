// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { NamedValue, TagDetail } from '../../../schema/api/index.ts';
import { decimal, hexGroups } from '../format.ts';

/** A 64-bit word: hexadecimal, in decimal under the pointer. Digits stand in groups that are not copied. */
export function Word({ hex }: { hex: string }): JSX.Element {
  return (
    <span class="word" title={decimal(hex)}>
      <span class="hex-prefix">0x</span>{hexGroups(hex).map((group, i) => <span key={i} class="hex-group">{group}</span>)}
    </span>
  );
}

/** Message words with their index; those that `mark` names stand out. */
export function WordList({ words, marked, markTitle }: { words: readonly string[]; marked?: ReadonlySet<number>; markTitle?: string }): JSX.Element {
  return (
    <ol class="word-list" start={0}>
      {words.map((hex, i) => (
        <li key={i} class={marked?.has(i) === true ? 'written' : ''} title={marked?.has(i) === true ? markTitle : undefined}><span class="word-index">{i}</span><Word hex={hex} /></li>
      ))}
    </ol>
  );
}

/** A message-info word taken apart. */
export function Tag({ tag, label }: { tag: TagDetail; label: string }): JSX.Element {
  return (
    <dl class="tag-fields">
      <div class="tag-label"><dt>label</dt><dd title={String(tag.label)}>{label}</dd></div>
      <div><dt>length</dt><dd>{tag.length}</dd></div>
      <div><dt>caps</dt><dd title="extraCaps">{tag.extraCaps}</dd></div>
      <div><dt>unwrapped</dt><dd title="capsUnwrapped">{tag.capsUnwrapped}</dd></div>
      <div><dt>tag</dt><dd><Word hex={tag.word} /></dd></div>
    </dl>
  );
}

/** Numbers of more digits are rather addresses or masks. */
const MOST_DIGITS = 10;

/** Values with their names. A number that a person may think of in decimal says so without the pointer. */
export function Values({ values }: { values: readonly NamedValue[] }): JSX.Element {
  return (
    <dl class="values">
      {values.map((value, i) => (
        <div key={i}>
          <dt title={value.type || undefined}>{value.name}</dt>
          <dd>
            {value.hex !== '' && <Word hex={value.hex} />}
            {value.decimal.length > 1 && value.decimal.length <= MOST_DIGITS && <span class="dim">{value.decimal}</span>}
            {value.note !== '' && <span class={value.hex === '' ? 'bad' : 'value-note'}>{value.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
