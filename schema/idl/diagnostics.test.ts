// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildModel } from './build.ts';
import { configurationOf } from './configuration.ts';
import { InterfaceError } from './interface-error.ts';
import { loadInterfaces } from './load.ts';
import { parseInterfaceFile } from './parse.ts';

const BAD = new URL('testdata/bad/', import.meta.url);

/** File, line, column, and how the message goes on. One file for each thing that can be wrong. */
const DIAGNOSTICS: readonly (readonly [string, number, number, string])[] = [
  ['unclosed-element', 3, 1, 'not well-formed XML: Missing end tag for element interface'],
  ['bare-ampersand', 2, 56, 'not well-formed XML: Unterminated reference'],
  ['no-element', 2, 1, 'not well-formed XML: Root element is missing or invalid'],
  ['not-an-api', 2, 1, '<api> expected instead of <interface>'],
  ['unknown-element', 4, 13, 'unexpected <parameter> in <method>: choose from condition, brief, description, return, cap_param, param, error'],
  ['unknown-attribute', 4, 13, "<param> has no attribute 'direction'; it has dir, name, type, description"],
  ['stray-text', 3, 48, "unexpected text 'Stops a thread.' in <method>"],
  ['missing-id', 3, 9, "<method> needs the attribute 'id'"],
  ['missing-interface-name', 2, 5, "<interface> needs the attribute 'name'"],
  ['missing-type', 4, 13, "<param> needs the attribute 'type'"],
  ['missing-direction', 4, 13, "<param> needs the attribute 'dir'"],
  ['wrong-direction', 4, 13, "the parameter 'a' has the direction 'inout', which is neither 'in' nor 'out'"],
  ['unknown-type', 4, 13, "unknown type 'seL4_Wrod' of the parameter 'a'"],
  ['type-of-other-architecture', 4, 13, "unknown type 'seL4_X86_VMAttributes' of the parameter 'a'"],
  ['unknown-interface', 2, 5, "unknown interface 'seL4_Thread': it is not a capability type of this architecture"],
  ['unknown-error', 4, 13, "unknown error 'seL4_OutOfMemory': choose from seL4_InvalidArgument, seL4_InvalidCapability, "],
  ['no-error', 4, 13, "unknown error 'seL4_NoError': choose from "],
  ['second-error', 5, 13, 'a second description of the error seL4_RangeError'],
  ['second-brief', 5, 13, 'a second <brief>'],
  ['second-label', 4, 9, 'a second label TCBSuspend for the same kernels; the first is at second-label.xml:3'],
  ['second-label-same-kernels', 6, 9, 'a second label TCBSuspend for the same kernels; the first is at second-label-same-kernels.xml:3'],
  ['second-method', 4, 9, 'a second method seL4_TCB_Suspend for the same kernels; the first is at second-method.xml:3'],
  ['second-parameter', 5, 13, "a second parameter 'a' of TCBSuspend"],
  ['second-struct', 5, 5, 'a second structure seL4_UserContext; the first is at second-struct.xml:2'],
  ['second-member', 4, 9, "a second member 'pc' in seL4_UserContext"],
  ['empty-struct', 2, 5, 'the structure seL4_UserContext has no members'],
  ['struct-named-as-value', 2, 5, 'the structure seL4_Word has the name of a type that is none'],
  ['capability-out', 4, 13, "the out-parameter 'a' is a capability (seL4_CNode): kernel replies carry words only"],
  ['too-many-capabilities', 3, 9, 'TCBSuspend has 4 capability parameters; a message carries at most 3'],
  ['request-too-long', 126, 9, 'TCBSuspend has 121 words of in-parameters; a message carries at most 120'],
  ['reply-too-long', 126, 9, 'TCBSuspend has 121 words of out-parameters; a message carries at most 120'],
  ['condition-never', 4, 13, 'contradictory condition: no kernel satisfies it'],
  ['condition-twice', 5, 13, 'a second <condition>'],
  ['condition-both-forms', 4, 13, 'a condition as attribute and as element: give one'],
  ['condition-of-two', 4, 13, '<condition> takes one condition, not 2: combine them with <and> or <or>'],
  ['condition-unknown-element', 4, 24, 'unexpected <xor> in <condition>: choose from config, not, and, or'],
  ['config-without-var', 4, 24, "<config> needs the attribute 'var'"],
  ['not-of-two', 4, 24, '<not> takes one condition, not 2'],
  ['and-of-one', 4, 24, '<and> takes two conditions or more, not 1'],
  ['or-of-none', 4, 24, '<or> takes two conditions or more, not 0'],
  ['preprocessor-comparison', 3, 9, `condition "CONFIG_WORD_SIZE == 64": 'defined', '!' or '(' expected instead of 'CONFIG_WORD_SIZE'`],
  ['preprocessor-open', 3, 9, `condition "defined(CONFIG_A) && (defined(CONFIG_B)": ')' expected instead of the end`],
  ['preprocessor-no-symbol', 3, 9, `condition "defined()": a symbol expected instead of ')'`],
  ['preprocessor-rest', 3, 9, `condition "defined CONFIG_A CONFIG_B": unexpected 'CONFIG_B'`],
  ['preprocessor-never', 3, 9, 'contradictory condition: no kernel satisfies it'],
];

function problemOf(action: () => unknown): InterfaceError {
  try {
    action();
  } catch (error) {
    if (error instanceof InterfaceError) return error;
    throw error;
  }
  throw new Error('no InterfaceError');
}

describe('an interface file that is wrong', () => {
  it.each(DIAGNOSTICS)('%s: line %i, column %i: %s', (name, line, column, problem) => {
    const file = `${name}.xml`;
    const text = readFileSync(new URL(file, BAD), 'utf8');
    const error = problemOf(() => buildModel([parseInterfaceFile(file, text)], configurationOf('riscv64-mcs')));
    expect(error.message.startsWith(`${file}:${line}:${column}: ${problem}`), error.message).toBe(true);
    expect(error).toMatchObject({ name: 'InterfaceError', file, line, column });
  });

  it('is known for every file of testdata/bad', () => {
    expect(readdirSync(BAD).sort()).toEqual(DIAGNOSTICS.map(([name]) => `${name}.xml`).sort());
  });
});

describe('a folder of interface files', () => {
  const tcb = '<api><interface name="seL4_TCB"><method id="TCBSuspend" name="Suspend"/></interface></api>';
  const schedContext = '<api><interface name="seL4_SchedContext"><method id="SchedContextUnbind" name="Unbind"/></interface></api>';
  const classic = configurationOf('riscv64-classic');
  let dir: string;
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'interfaces-')); });
  afterEach(() => { rmSync(dir, { recursive: true }); });

  function write(file: string, text: string | Uint8Array): string {
    const path = join(dir, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  it.each([
    ['an seL4 checkout', 'libsel4/include/interfaces/object-api.xml',
      'libsel4/sel4_arch_include/riscv64/interfaces/object-api-sel4-arch.xml', 'libsel4/arch_include/riscv/interfaces/object-api-arch.xml'],
    ['libsel4', 'include/interfaces/object-api.xml', 'sel4_arch_include/riscv64/interfaces/object-api-sel4-arch.xml',
      'arch_include/riscv/interfaces/object-api-arch.xml'],
    ['libsel4 before release 13', 'include/interfaces/sel4.xml', 'sel4_arch_include/riscv64/interfaces/sel4arch.xml',
      'arch_include/riscv/interfaces/sel4arch.xml'],
    ['a folder with one of the architecture', 'object-api.xml', 'riscv64/object-api-sel4-arch.xml', 'riscv64/object-api-arch.xml'],
    ['a flat folder', 'object-api.xml', 'object-api-sel4-arch.xml', 'object-api-arch.xml'],
  ])('is read as %s, in the order of labels', (_, generic, sel4Arch, arch) => {
    write(arch, '<api><interface name="seL4_RISCV_Page"><method id="RISCVPageUnmap" name="Unmap"/></interface></api>');
    write(generic, tcb);
    write(sel4Arch, '<api><interface name="seL4_CNode"><method id="CNodeSwap" name="Swap"/></interface></api>');
    expect(loadInterfaces(dir, classic).methods.map((m) => m.id)).toEqual(['TCBSuspend', 'CNodeSwap', 'RISCVPageUnmap']);
  });

  it('that has none says what to give', () => {
    expect(problemOf(() => loadInterfaces(dir, classic)).message).toBe(
      `${dir}:1:1: no interface files here: give the root of an seL4 checkout, its libsel4, or a folder with object-api.xml, object-api-sel4-arch.xml and object-api-arch.xml`);
    expect(problemOf(() => loadInterfaces(join(dir, 'nowhere'), classic)).problem).toContain('no interface files here');
  });

  it('that lacks one names it', () => {
    const generic = write('libsel4/include/interfaces/object-api.xml', tcb);
    write('libsel4/sel4_arch_include/riscv64/interfaces/object-api-sel4-arch.xml', '<api/>');
    expect(problemOf(() => loadInterfaces(dir, classic))).toMatchObject({
      file: join(dir, 'libsel4/arch_include/riscv/interfaces/object-api-arch.xml'),
      problem: `no such file: the interfaces of riscv64 need it beside ${generic}`,
    });
  });

  it('that is not text says so', () => {
    const file = write('object-api.xml', Uint8Array.of(0x3c, 0xff, 0xfe));
    write('object-api-sel4-arch.xml', '<api/>');
    write('object-api-arch.xml', '<api/>');
    expect(problemOf(() => loadInterfaces(dir, classic)).message).toBe(`${file}:1:1: not UTF-8 text`);
  });

  it('of the other kind of kernel says which to choose', () => {
    write('object-api-sel4-arch.xml', '<api/>');
    write('object-api-arch.xml', '<api/>');
    write('object-api.xml', tcb);
    expect(problemOf(() => loadInterfaces(dir, configurationOf('riscv64-mcs'))).problem).toContain('choose a classic configuration, not riscv64-mcs');
    write('object-api.xml', schedContext);
    expect(problemOf(() => loadInterfaces(dir, classic)).problem).toContain('choose an mcs configuration, not riscv64-classic');
    expect(loadInterfaces(dir, configurationOf('riscv64-mcs')).methods).toHaveLength(1);
  });
});
