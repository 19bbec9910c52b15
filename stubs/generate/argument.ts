// SPDX-License-Identifier: BSD-2-Clause
/** The arguments of a stub: their TypeScript types, and the code that puts each into the request. */
import { MESSAGE_REGISTERS } from '../../schema/abi/registers.ts';
import type { CapParameter, Method, Parameter } from '../../schema/idl/model.ts';
import { bufferLane, capLane } from '../runtime/lanes.ts';
import { className, fieldsConstant, parameterIdentifier, structName } from './names.ts';

const CAP_RIGHTS = 'seL4_CapRights_t';
/** Types that name no interface: any capability will do. */
const ANY_CAPABILITY = new Set(['seL4_CPtr']);

export interface Argument {
  readonly identifier: string;
  readonly type: string;
  readonly description: string;
}

/** The in-parameters of a method, words and capabilities mixed, in the order of the interface. */
export function argumentsOf(method: Method, interfaces: ReadonlySet<string>): Argument[] {
  return method.order.map((name) => {
    const parameter = method.parameters.find((p) => p.name === name);
    if (parameter !== undefined) return { identifier: parameterIdentifier(name), type: valueType(parameter), description: parameter.description };
    const cap = method.capParameters.find((p) => p.name === name);
    if (cap === undefined) throw new Error(`${method.id}: parameter ${name} is neither a word nor a capability`);
    return { identifier: parameterIdentifier(name), type: capabilityType(cap, interfaces), description: cap.description };
  });
}

function valueType(parameter: Parameter): string {
  const { type, bits } = parameter;
  if (type.kind === 'struct') return `Readonly<Partial<Record<keyof ${structName(type.name)}, WordLike>>>`;
  if (type.name === CAP_RIGHTS) return 'CapRights | WordLike';
  if (bits === 1) return 'boolean';
  return bits <= 32 ? 'number' : 'WordLike';
}

function capabilityType(cap: CapParameter, interfaces: ReadonlySet<string>): string {
  const { name } = cap.type;
  return ANY_CAPABILITY.has(name) || !interfaces.has(name) ? 'CapabilityRef' : `${className(name)} | WordLike`;
}

/** Whether the request needs the IPC buffer. */
export function needsBuffer(method: Method): boolean {
  return method.requestLength > MESSAGE_REGISTERS || method.capParameters.length > 0;
}

/** Lines that put the arguments into `r` (registers) and `b` (IPC buffer); `what` names the method in errors. */
export function putLines(method: Method, what: string): string[] {
  const caps = method.capParameters.map((cap) =>
    `putCap(b, ${capLane(cap.index)}, ${parameterIdentifier(cap.name)}, '${what}: ${cap.name}');`);
  const words = [...byWord(method.parameters)].flatMap(([word, parameters]) => putWordLines(method, word, parameters, what));
  return [...caps, ...words];
}

function byWord(parameters: readonly Parameter[]): Map<number, Parameter[]> {
  const words = new Map<number, Parameter[]>();
  for (const parameter of parameters) words.set(parameter.word, [...(words.get(parameter.word) ?? []), parameter]);
  return words;
}

function putWordLines(method: Method, word: number, parameters: readonly Parameter[], what: string): string[] {
  const first = parameters[0]!;
  const identifier = parameterIdentifier(first.name);
  const name = `'${what}: ${first.name}'`;
  if (first.type.kind === 'struct') return [`runtime.putStruct(${word}, ${fieldsConstant(structName(first.type.name))}, ${identifier}, ${name});`];
  const [lanes, lo, hi] = laneNames(word);
  if (first.type.name === CAP_RIGHTS) return [`putRights(${lanes}, ${lo}, ${identifier}, ${name});`];
  if (first.bits === 64) return [`putWord(${lanes}, ${lo}, ${identifier}, ${name});`];
  // Message registers are 0 already; buffer words are not.
  const low = packed(method, parameters.filter(({ bit }) => bit < 32), what);
  const high = packed(method, parameters.filter(({ bit }) => bit >= 32), what);
  const inBuffer = word >= MESSAGE_REGISTERS;
  return [
    ...(low !== '' || inBuffer ? [`${lanes}[${lo}] = ${low || 0};`] : []),
    ...(high !== '' || inBuffer ? [`${lanes}[${hi}] = ${high || 0};`] : []),
  ];
}

/** Lane array of a message word, and its lanes there. */
function laneNames(word: number): [lanes: string, lo: string, hi: string] {
  if (word < MESSAGE_REGISTERS) return ['r', `MR${word}`, `MR${word} + 1`];
  return ['b', `${bufferLane(word)}`, `${bufferLane(word) + 1}`];
}

/** Parameters below a word as one expression: a lane. */
function packed(method: Method, parameters: readonly Parameter[], what: string): string {
  return parameters.map(({ name, bit, bits }) => {
    const shift = bit % 32;
    if (shift + bits > 32) throw new Error(`${method.id}: ${name} of ${bits} bits at bit ${bit} crosses the middle of a word`);
    const value = bits === 1
      ? `Number(${parameterIdentifier(name)})`
      : `checkBits(${parameterIdentifier(name)}, ${bits}, '${what}: ${name}')`;
    return shift === 0 ? value : `(${value} << ${shift})`;
  }).join(' | ');
}
