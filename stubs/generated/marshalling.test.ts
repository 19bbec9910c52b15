// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBigInt } from '../../schema/abi/word.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import type { Method, Parameter } from '../../schema/idl/model.ts';
import { readParameter } from '../../schema/idl/pack.ts';
import { className, methodIdentifier, parameterIdentifier, tryIdentifier } from '../generate/names.ts';
import type { Capability, MethodDescriptor } from '../runtime/index.ts';
import { ThreadRuntime } from '../runtime/thread-runtime.ts';
import { FakeContext, type FakeReply, type FakeTrap } from '../testing/fake-context.ts';
import * as classic from './riscv64-classic.ts';
import * as mcs from './riscv64-mcs.ts';

const MAX = 0xffff_ffff_ffff_ffffn;

/** The stubs seen without their types: by the names in the model. */
type Invoke = (...args: unknown[]) => Promise<unknown>;
type StubClass = (new (runtime: ThreadRuntime, cptr: bigint) => Capability) & {
  methods: Record<string, MethodDescriptor<Capability, unknown[], unknown>>;
};

const word = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.constantFrom(0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, MAX),
);

/** What a caller passes for a parameter, and the words that must arrive. */
interface Value {
  readonly argument: unknown;
  readonly words: readonly bigint[];
}

function valueOf({ type, bits }: Parameter): fc.Arbitrary<Value> {
  if (type.kind === 'struct') {
    return fc.tuple(...type.fields.map(() => fc.option(word))).map((values) => ({
      argument: Object.fromEntries(type.fields.flatMap((field, i) => (values[i] == null ? [] : [[field, values[i]]]))),
      words: values.map((value) => value ?? 0n),
    }));
  }
  if (bits === 1) return fc.boolean().map((flag) => ({ argument: flag, words: [flag ? 1n : 0n] }));
  if (bits <= 32) return fc.integer({ min: 0, max: 2 ** bits - 1 }).map((n) => ({ argument: n, words: [BigInt(n)] }));
  return fc.oneof(
    word.map((value) => ({ argument: value, words: [value] })),
    fc.maxSafeNat().map((value) => ({ argument: value, words: [BigInt(value)] })),
  );
}

interface Arguments {
  readonly cptr: bigint;
  readonly list: readonly unknown[];
  readonly values: readonly (readonly [Parameter, readonly bigint[]])[];
  readonly caps: readonly bigint[];
}

function argumentsOf(method: Method): fc.Arbitrary<Arguments> {
  return fc.tuple(
    word,
    fc.tuple(...method.parameters.map(valueOf)),
    fc.tuple(...method.capParameters.map(() => word)),
  ).map(([cptr, values, caps]) => ({
    cptr,
    list: method.order.map((name) => {
      const at = method.parameters.findIndex((p) => p.name === name);
      return at >= 0 ? values[at]!.argument : caps[method.capParameters.findIndex((p) => p.name === name)];
    }),
    values: method.parameters.map((parameter, i) => [parameter, values[i]!.words] as const),
    caps,
  }));
}

function expectRequest(trap: FakeTrap, method: Method, args: Arguments): void {
  expect(trap.cptr).toBe(args.cptr);
  expect(trap.tag).toEqual({ label: method.label, length: method.requestLength, extraCaps: method.capParameters.length, capsUnwrapped: 0 });
  expect(trap.caps).toEqual(args.caps);
  for (const [parameter, words] of args.values) {
    expect(Array.from({ length: parameter.words }, (_, i) => toBigInt(readParameter(trap.words, parameter, i)))).toEqual(words);
  }
}

/** A correct success reply, with results that are told apart. */
function successReply(method: Method, results: readonly bigint[]): FakeReply {
  return { words: results.slice(0, method.contract.outWords) };
}

function expectedResult(method: Method, results: readonly bigint[]): unknown {
  const values = method.out.map(({ name, type, word: first, bits }) => {
    if (type.kind === 'struct') return [name, Object.fromEntries(type.fields.map((field, i) => [field, results[first + i]]))] as const;
    expect(bits).toBe(64);
    return [name, results[first]] as const;
  });
  if (values.length === 0) return undefined;
  if (values.length === 1) return values[0]![1];
  return Object.fromEntries(values.map(([name, value]) => [parameterIdentifier(name), value]));
}

const CONFIGURATIONS = [
  { name: 'riscv64-mcs', module: mcs as unknown as Record<string, StubClass> },
  { name: 'riscv64-classic', module: classic as unknown as Record<string, StubClass> },
] as const;

describe.each(CONFIGURATIONS)('stubs of $name', ({ name, module }) => {
  const model = interfacesOf(name);
  const { scheduling } = model.configuration;

  it.each(model.methods.map((method) => [method.id, method] as const))('%s packs as its interface says, and gives its results', async (_, method) => {
    const stubClass = module[className(method.interfaceName)]!;
    const identifier = methodIdentifier(method.name);
    const readsCount = method.contract.length === 'count';
    await fc.assert(fc.asyncProperty(
      argumentsOf(method), fc.array(word, { minLength: 32, maxLength: 32 }), fc.boolean(), async (drawn, results, blocking) => {
        // The reply of ReadRegisters has as many words as were asked for.
        const args = readsCount ? withCount(method, drawn, BigInt(method.contract.outWords)) : drawn;
        const context = new FakeContext({ scheduling, blocking, kernel: () => successReply(method, results) });
        const stub = new stubClass(new ThreadRuntime(context), args.cptr);
        const expected = expectedResult(method, results);

        const invoke = stub as unknown as Record<string, Invoke>;
        expect(await invoke[identifier]!(...args.list)).toEqual(expected);
        expectRequest(context.lastTrap, method, args);
        expect(context.lastTrap.syscall).toBe('Call');

        expect(await invoke[tryIdentifier(identifier)]!(...args.list)).toEqual({ ok: true, value: expected });
        expectRequest(context.lastTrap, method, args);

        const descriptor = stubClass.methods[identifier]!;
        expect([descriptor.id, descriptor.label]).toEqual([method.id, method.label]);
        expect(await stub.invokeBy('Call', descriptor, ...args.list)).toEqual(expected);
        expectRequest(context.lastTrap, method, args);

        context.kernel = () => undefined;
        for (const syscall of ['Send', 'NBSend'] as const) {
          expect(await stub.invokeBy(syscall, descriptor, ...args.list)).toBeUndefined();
          expectRequest(context.lastTrap, method, args);
          expect(context.lastTrap.syscall).toBe(syscall);
        }
      }), { numRuns: 25 });
  });

  it('gives every method a class member', () => {
    for (const method of model.methods) {
      expect(module[className(method.interfaceName)]!.methods).toHaveProperty(methodIdentifier(method.name));
    }
  });
});

function withCount(method: Method, args: Arguments, count: bigint): Arguments {
  const at = method.order.indexOf('count');
  return {
    ...args,
    list: args.list.map((value, i) => (i === at ? count : value)),
    values: args.values.map(([parameter, words]) => [parameter, parameter.name === 'count' ? [count] : words] as const),
  };
}

describe('arguments that do not fit', () => {
  const runtime = new ThreadRuntime(new FakeContext());
  const tcb = new mcs.TCB(runtime, 1);

  it.each([
    ['a negative number', -1], ['a fraction', 0.5], ['an unsafe number', 2 ** 53], ['NaN', NaN],
    ['a negative BigInt', -1n], ['a BigInt of 65 bits', 2n ** 64n],
  ])('%s is refused with the name of the parameter', async (_, value) => {
    await expect(tcb.setPriority(1, value)).rejects.toThrow(/seL4_TCB_SetPriority: priority: .* is not a 64-bit word/);
  });

  it('a value too wide for its field is refused', async () => {
    await expect(tcb.readRegisters(false, 256, 1)).rejects.toThrow('seL4_TCB_ReadRegisters: arch_flags: 256 is not an unsigned value of 8 bits');
  });

  it('nothing traps', () => {
    expect((runtime.context as FakeContext).traps).toEqual([]);
  });

  it.each(['none', 'readOnly'] as const)('a request that needs the IPC buffer is refused with buffer %s', async (buffer) => {
    const context = new FakeContext({ buffer });
    const stub = new mcs.TCB(new ThreadRuntime(context), 1);
    await expect(stub.setPriority(1, 10)).rejects.toThrow(/seL4_TCB_SetPriority: .* needs an IPC buffer/);
    await expect(stub.writeRegisters(false, 0, 1, { pc: 1 })).rejects.toThrow(/seL4_TCB_WriteRegisters: .* needs an IPC buffer/);
    expect(context.traps).toEqual([]);
    await stub.resume();
    expect(context.traps).toHaveLength(1);
  });
});

it('leaves nothing in the message registers that the request does not use', async () => {
  const context = new FakeContext();
  context.registers.fill(0xffff_ffff);
  let seen: number[] = [];
  context.kernel = () => { seen = [...context.registers.subarray(22, 30)]; return {}; };
  await new mcs.TCB(new ThreadRuntime(context), 1).setPriority(2, 10);
  expect(seen).toEqual([10, 0, 0, 0, 0, 0, 0, 0]);
});

it('takes typed capabilities where it takes pointers', async () => {
  const context = new FakeContext();
  const runtime = new ThreadRuntime(context);
  await new mcs.TCB(runtime, 7).setPriority(new mcs.TCB(runtime, MAX), 10);
  expect(context.lastTrap.caps).toEqual([MAX]);
});

it('refuses to run stubs of one configuration on the kernel of another', () => {
  const runtime = new ThreadRuntime(new FakeContext({ scheduling: 'classic' }));
  expect(() => new mcs.TCB(runtime, 1)).toThrow('stubs of riscv64-mcs cannot be used on this riscv64-classic kernel');
  expect(new classic.TCB(runtime, 1).cptr).toBe(1n);
});
