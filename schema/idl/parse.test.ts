// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { buildModel } from './build.ts';
import { configurationOf } from './configuration.ts';
import { parseInterfaceFile } from './parse.ts';
import type { ConfigurationName, InterfaceModel } from './model.ts';

function modelOf(xml: string, name: ConfigurationName = 'riscv64-mcs', also: string[] = []): InterfaceModel {
  return buildModel([parseInterfaceFile('test.xml', xml)], configurationOf(name, also));
}

/** A model of methods of seL4_TCB. */
function tcb(methods: string, name?: ConfigurationName, also?: string[]): InterfaceModel {
  return modelOf(`<api label_prefix="x_"><interface name="seL4_TCB" manual_name="The TCB" cap_description="A TCB.">${methods}</interface></api>`, name, also);
}

describe('descriptions', () => {
  it('become plain text', () => {
    const [method] = tcb(`<method id="M" name="M">
      <brief>Binds to a <obj name="TCB"/> &amp; runs</brief>
      <description>
        Takes <texttt text="count"/> registers,
        and more <docref>(see <autoref label="sec:a"/>)</docref>.

        See <shortref sec="b"/>
      </description>
      <return>A <texttt text="seL4_Word paddr"/>. <errorenumdesc/></return>
      <cap_param append_description="It is the destination."/>
      <param dir="in" name="a" type="seL4_Word" description="Spread over
        two lines."/>
      <param dir="out" name="b" type="seL4_Word"><description>As an <texttt text="element"/>.</description></param>
      <error name="seL4_RangeError"><description>Too large.</description></error>
    </method>`).methods;
    expect(method).toMatchObject({
      brief: 'Binds to a TCB & runs',
      description: 'Takes `count` registers, and more.\n\nSee',
      returns: 'A `seL4_Word paddr`.',
      serviceDescription: 'A TCB. It is the destination.',
      parameters: [{ description: 'Spread over two lines.' }],
      out: [{ description: 'As an `element`.' }],
      errors: [{ error: 'RangeError', description: 'Too large.' }],
    });
  });

  it('may all be missing', () => {
    expect(tcb('<method id="M" name="M"><param dir="in" name="a" type="seL4_Word"/></method>').methods[0]).toMatchObject({
      brief: '', description: '', returns: '', parameters: [{ description: '' }], errors: [],
    });
  });
});

describe('manual labels', () => {
  it.each([
    ['name="SetSpace"', 'x_the_tcb_setspace'],
    ['name="SetSpace" manual_name="Set Space / MCS"', 'x_the_tcb_set_space__mcs'],
    ['name="SetSpace" manual_label="tcb_setspace"', 'x_tcb_setspace'],
  ])('%s', (attributes, label) => {
    expect(tcb(`<method id="M" ${attributes}/>`).methods[0]!.manualLabel).toBe(label);
  });
});

describe('conditions', () => {
  const both = (condition: string): string => `<method id="A" name="A">${condition}</method><method id="B" name="B"/>`;
  const smp = '<condition><and><not><config var="CONFIG_KERNEL_MCS"/></not><config var="CONFIG_ENABLE_SMP_SUPPORT"/></and></condition>';

  it.each<[ConfigurationName, string[], string[]]>([
    ['riscv64-classic', ['CONFIG_ENABLE_SMP_SUPPORT'], ['A', 'B']],
    ['riscv64-classic', [], ['B']],
    ['riscv64-mcs', ['CONFIG_ENABLE_SMP_SUPPORT'], ['B']],
  ])('select methods of %s with %j, and labels count those alone', (name, also, ids) => {
    const { methods } = tcb(both(smp), name, also);
    expect(methods.map((m) => [m.id, m.label])).toEqual(ids.map((id, i) => [id, i + 1]));
  });

  it('may be empty', () => {
    expect(tcb(both('<condition><!-- always --></condition>')).methods).toHaveLength(2);
  });

  it('may give one label to methods of different kernels, in either form', () => {
    const xml = `<method id="A" name="A" condition="!defined(CONFIG_KERNEL_MCS)"><param dir="in" name="a" type="seL4_Word"/></method>
      <method id="A" name="A"><condition><config var="CONFIG_KERNEL_MCS"/></condition></method>`;
    expect(tcb(xml, 'riscv64-classic').byId.get('A')!.requestLength).toBe(1);
    expect(tcb(xml, 'riscv64-mcs').byId.get('A')!.requestLength).toBe(0);
  });
});

describe('structures', () => {
  const vcpu = `<api><struct name="seL4_VCPUContext">${Array.from({ length: 15 }, (_, i) => `<member name="r${i}"/>`).join('')}</struct>
    <interface name="seL4_X86_VCPU"><method id="W" name="W">
      <param dir="in" name="flag" type="seL4_Bool"/><param dir="in" name="regs" type="seL4_VCPUContext"/>
    </method></interface></api>`;

  it('have as many words as members, from a word of their own', () => {
    const regs = modelOf(vcpu, 'x86_64-vtx64-mcs').methods[0]!.parameters[1]!;
    expect(regs).toMatchObject({ word: 1, bit: 0, bits: 15 * 64, words: 15 });
    expect(regs.type.fields).toHaveLength(15);
  });

  it('of a VCPU are shorter where guests are 32-bit', () => {
    const method = modelOf(vcpu, 'x86_64-vtx-mcs').methods[0]!;
    expect(method.requestLength).toBe(8);
    expect(method.parameters[1]!.type.fields).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6']);
  });
});
