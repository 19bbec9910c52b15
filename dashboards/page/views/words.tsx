// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { NamedValue, TagDetail } from '../../../schema/api/index.ts';
import { decimal, hexGroups } from '../format.ts';
import type { DeliveredWord } from '../message-words.ts';

/** A 64-bit word: hexadecimal, in decimal under the pointer. Digits stand in groups that are not copied. */
export function Word({ hex }: { hex: string }): JSX.Element {
  return (
    <span class="word" title={decimal(hex)}>
      <span class="hex-prefix">0x</span>{hexGroups(hex).map((group, i) => <span key={i} class="hex-group">{group}</span>)}
    </span>
  );
}

/** Words with their index. */
export function WordList({ words }: { words: readonly string[] }): JSX.Element {
  return (
    <ol class="word-list" start={0}>
      {words.map((hex, i) => <li key={i}><span class="word-index">{i}</span><Word hex={hex} /></li>)}
    </ol>
  );
}

/** Words of a delivery: where each arrived, and what is odd about it. */
export function DeliveredWords({ words }: { words: readonly DeliveredWord[] }): JSX.Element {
  return (
    <ol class="word-list delivered" start={0}>
      {words.map(({ hex, home, written, beyond }, i) => (
        <li key={i}>
          <span class="word-index">{i}</span><Word hex={hex} /><span class="faint">{home}</span>
          {beyond && <span class={written ? 'bad' : 'dim'}>{written ? 'written beyond the length' : 'beyond the length'}</span>}
          {!beyond && !written && <span class="bad">not written</span>}
        </li>
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
