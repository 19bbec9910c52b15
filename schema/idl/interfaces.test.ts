// SPDX-License-Identifier: BSD-2-Clause
/** The interface files, ours and those of seL4, compared with what is known of the kernel apart from any XML. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../abi/errors.ts';
import { USER_CONTEXT_FIELDS } from '../abi/registers.ts';
import { BUNDLED_CONFIGURATION_NAMES, CONFIGURATION_NAMES, configurationOf } from './configuration.ts';
import { interfacesOf, loadInterfaces } from './load.ts';
import { functionName, methodByName, methodName } from './methods.ts';
import type { ConfigurationName, InterfaceModel, Parameter } from './model.ts';

/** One method in one configuration, in comparable form. Parameters are `name type word bit bits`, caps `name type`. */
interface MethodFacts {
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

const fixture = JSON.parse(readFileSync(new URL('testdata/invocations.json', import.meta.url), 'utf8')) as Fixture;

/** What is known of a configuration, in label order. */
function factsOf(name: ConfigurationName): MethodFacts[] {
  return fixture.methods
    .flatMap(({ labels, ...facts }) => (labels[name] === undefined ? [] : [{ ...facts, label: labels[name] }]))
    .sort((a, b) => a.label - b.label);
}

/** What a model says, in the same form. */
function factsInModel(model: InterfaceModel): MethodFacts[] {
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

/** What descriptions may mention besides parameters: methods of either configuration, and names of libsel4. */
const NAMES = [
  ...BUNDLED_CONFIGURATION_NAMES.flatMap((name) => interfacesOf(name).methods.map(functionName)),
  'seL4_UserContext', 'seL4_CNode_CapData_t', 'seL4_TCBFlag_fpuDisabled', 'seL4_SchedContextFlag', 'seL4_SchedContext_Sporadic',
  'seL4_RISCV_ExecuteNever', 'CONFIG_RETYPE_FAN_OUT_LIMIT', 'CONFIG_TIMER_TICK_MS',
];

describe.each(BUNDLED_CONFIGURATION_NAMES)('the interface files of %s', (name) => {
  const model = interfacesOf(name);
  const expected = factsOf(name);
  const actual = new Map(factsInModel(model).map((m) => [m.id, m]));

  it('have the methods of the kernel, and no others', () => {
    expect(model.methods).toHaveLength(name === 'riscv64-mcs' ? 46 : 40);
    expect(model.methods.map((m) => m.id)).toEqual(expected.map((m) => m.id));
  });

  it.each(expected.map((m) => [m.id, m] as const))('say about %s what the kernel does', (id, facts) => {
    expect(actual.get(id)).toEqual(facts);
  });

  it.each(model.methods.map((m) => [m.id, m] as const))('describe %s, its parameters and its errors', (_, method) => {
    expect(method.brief).not.toBe('');
    expect(method.brief).not.toMatch(/\.$/);
    expect(method.serviceDescription).not.toBe('');
    for (const text of [method.description, ...method.out, ...method.parameters, ...method.capParameters, ...method.errors]
      .map((t) => (typeof t === 'string' ? t : t.description))) {
      expect(text).toMatch(/[.)]$/);
    }
    expect(method.returns !== '', 'says what is returned').toBe(method.out.length > 0);
  });

  it('put in backquotes only parameters of the method itself, and names that exist', () => {
    for (const method of model.methods) {
      const names = new Set(['_service', ...method.order, ...method.out.map((p) => p.name), ...NAMES]);
      const texts = [method.description, method.returns, ...[...method.parameters, ...method.capParameters, ...method.out, ...method.errors].map((d) => d.description)];
      for (const [, name] of texts.join('\n').matchAll(/`([^`]+)`/g)) expect(names.has(name!), `${method.id}: ${name}`).toBe(true);
    }
  });

  it('name the members of seL4_UserContext in the order of the registers', () => {
    expect(methodByName(model, 'seL4_TCB', 'WriteRegisters')!.parameters.at(-1)!.type.fields).toEqual(USER_CONTEXT_FIELDS);
  });
});

describe('interfacesOf', () => {
  it('reads the files once', () => {
    expect(interfacesOf('riscv64-mcs')).toBe(interfacesOf('riscv64-mcs'));
  });

  it('finds methods by label, by id and by name', () => {
    const model = interfacesOf('riscv64-mcs');
    expect(model.byLabel[0]).toBeUndefined();
    for (const method of model.methods) {
      expect(model.byLabel[method.label]).toBe(method);
      expect(model.byId.get(method.id)).toBe(method);
      expect(methodByName(model, method.interfaceName, method.name)).toBe(method);
    }
    expect(methodByName(model, 'seL4_CNode', 'SaveCaller')).toBeUndefined();
  });

  it('names methods as people and as libsel4 do', () => {
    const method = interfacesOf('riscv64-mcs').byId.get('SchedContextYieldTo')!;
    expect(methodName(method)).toBe('SchedContext_YieldTo');
    expect(functionName(method)).toBe('seL4_SchedContext_YieldTo');
  });

  it('keeps stub arguments in the order of the file, words and capabilities mixed', () => {
    expect(methodByName(interfacesOf('riscv64-classic'), 'seL4_TCB', 'Configure')!.order).toEqual(
      ['fault_ep', 'cspace_root', 'cspace_root_data', 'vspace_root', 'vspace_root_data', 'buffer', 'bufferFrame']);
  });

  it('knows the two replies that the files cannot describe', () => {
    const model = interfacesOf('riscv64-mcs');
    expect(model.methods.filter((m) => m.contract.length === 'count').map((m) => m.id)).toEqual(['TCBReadRegisters']);
    expect(model.methods.filter((m) => m.contract.mayComeLater).map((m) => m.id)).toEqual(['SchedContextYieldTo']);
  });

  it('has the manual labels of the manual, given or inferred', () => {
    const label = (interfaceName: string, name: string): string => methodByName(interfacesOf('riscv64-mcs'), interfaceName, name)!.manualLabel;
    expect(label('seL4_SchedContext', 'YieldTo')).toBe('schedcontext_yieldto');
    expect(label('seL4_RISCV_Page', 'GetAddress')).toBe('riscv_page_get_address');
    expect(label('seL4_RISCV_ASIDControl', 'MakePool')).toBe('riscv_asid_control_make_pool');
    expect(label('seL4_RISCV_PageTable', 'Map')).toBe('riscv_pagetable_map');
  });
});

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
