// SPDX-License-Identifier: BSD-2-Clause
/** Our reading of the interface files of a real release, for every architecture and configuration. */
import { describe, expect, it } from 'vitest';
import { CONFIGURATION_NAMES, configurationOf } from './configuration.ts';
import { loadInterfaces } from './load.ts';
import { factsInModel, factsOf } from './testdata/facts.ts';

const libsel4 = process.env['SEL4SCOPE_LIBSEL4'] ?? '';

if (libsel4 === '') {
  console.warn('schema/idl: the interface files of seL4 itself are NOT compared. Set SEL4SCOPE_LIBSEL4 to the libsel4 of seL4 16.0.0 to do it.');
}

/** The facts do not cover MCS with VT-x. */
const covered = CONFIGURATION_NAMES.filter((name) => factsOf(name).length > 0);

it('covers ten configurations', () => {
  expect(covered).toHaveLength(10);
});

describe.skipIf(libsel4 === '').each(covered)('the interface files of seL4, %s', (name) => {
  it('read as what the kernel does', () => {
    const model = factsInModel(loadInterfaces(libsel4, configurationOf(name)));
    const expected = factsOf(name);
    expect(model.map((m) => `${m.label} ${m.id}`)).toEqual(expected.map((m) => `${m.label} ${m.id}`));
    expect(model).toEqual(expected);
  });
});
