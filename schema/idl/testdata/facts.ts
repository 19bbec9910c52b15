// SPDX-License-Identifier: BSD-2-Clause
/** The methods of the object API as known apart from our own reading of any XML, and the same view of a model. */
import { readFileSync } from 'node:fs';
import { ERRORS } from '../../abi/errors.ts';
import { functionName } from '../methods.ts';
import type { ConfigurationName, InterfaceModel, Parameter } from '../model.ts';

/** One method in one configuration, in comparable form. Parameters are `name type word bit bits`, caps `name type`. */
export interface MethodFacts {
  readonly label: number;
  readonly id: string;
  readonly function: string;
  readonly in: readonly string[];
  readonly caps: readonly string[];
  readonly requestLength: number;
  readonly out: readonly string[];
  readonly outWords: number;
  readonly length: 'fixed' | 'count';
  readonly errors: readonly string[];
}

interface Fixture {
  readonly methods: readonly (Omit<MethodFacts, 'label'> & { readonly labels: Readonly<Partial<Record<ConfigurationName, number>>> })[];
}

const fixture = JSON.parse(readFileSync(new URL('invocations.json', import.meta.url), 'utf8')) as Fixture;

/** What is known of a configuration, in label order. */
export function factsOf(name: ConfigurationName): MethodFacts[] {
  return fixture.methods
    .flatMap(({ labels, ...facts }) => (labels[name] === undefined ? [] : [{ ...facts, label: labels[name] }]))
    .sort((a, b) => a.label - b.label);
}

/** What a model says, in the same form. */
export function factsInModel(model: InterfaceModel): MethodFacts[] {
  return model.methods.map((m) => ({
    label: m.label,
    id: m.id,
    function: functionName(m),
    in: m.parameters.map(placement),
    caps: m.capParameters.map((c) => `${c.name} ${c.type.name}`),
    requestLength: m.requestLength,
    out: m.out.map(placement),
    outWords: m.contract.outWords,
    length: m.contract.length,
    errors: [...m.contract.errors].map((label) => ERRORS[label]!).sort(),
  }));
}

function placement(p: Parameter): string {
  return `${p.name} ${p.type.name} ${p.word} ${p.bit} ${p.bits}`;
}
