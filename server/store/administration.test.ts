// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { MOST_TAGS } from '../../schema/trace/names.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { SAMPLE_RUN } from '../testing/sample-records.ts';
import { Administration } from './administration.ts';
import { openWriter } from './open.ts';
import { TraceStore } from './trace-store.ts';

it('changes the tags of a run, all of a change or nothing', () => {
  const { db, close } = openWriter(temporaryDirectory());
  new TraceStore(db).insertRun(SAMPLE_RUN, 1);
  const administration = new Administration(db);
  expect(administration.changeTags('latest', { add: ['nightly', 'board:spike', 'nightly'], remove: ['sample', 'never there'] }).tags).toEqual(['board:spike', 'nightly']);
  expect(() => administration.changeTags('sample-run', { add: ['fine', 'not fine'] })).toThrow(/"not fine" is not allowed/);
  expect(() => administration.changeTags('sample-run', { add: Array.from({ length: MOST_TAGS }, (_, i) => `tag${i}`) })).toThrow(/at most 64/);
  expect(() => administration.changeTags('other', {})).toThrow(/no run other/);
  expect(administration.changeTags('sample-run', {}).tags).toEqual(['board:spike', 'nightly']);
  close();
});
