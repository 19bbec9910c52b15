// SPDX-License-Identifier: BSD-2-Clause
/** Syntax and a configuration to the typed model. */
import { MSG_MAX_EXTRA_CAPS, MSG_MAX_LENGTH } from '../abi/message-info.ts';
import { canHoldTogether, holds } from './conditions.ts';
import { replyContract } from './contract.ts';
import { InterfaceError } from './interface-error.ts';
import { pack, packedLength } from './packing.ts';
import { typeTable } from './types.ts';
import type { CapParameter, InterfaceModel, KernelConfiguration, Method, Parameter, ParameterType } from './model.ts';
import type { ApiSyntax, InterfaceSyntax, MethodSyntax, ParamSyntax, StructSyntax } from './syntax.ts';

type Types = ReadonlyMap<string, ParameterType>;

/** A method with the parts of the file that surround it. */
interface Declaration {
  readonly syntax: MethodSyntax;
  readonly of: InterfaceSyntax;
  readonly labelPrefix: string;
}

/**
 * The model of a configuration.
 * @param files generic, then those of the seL4 architecture, then of the architecture: labels count through them in this order
 * @throws InterfaceError
 */
export function buildModel(files: readonly ApiSyntax[], configuration: KernelConfiguration): InterfaceModel {
  const types = typeTable(configuration, structsOf(files, configuration));
  const declarations = files.flatMap((file) => file.interfaces.flatMap((of) =>
    of.methods.map((syntax): Declaration => ({ syntax, of, labelPrefix: file.labelPrefix }))));
  refuseDuplicates(declarations);
  for (const file of files) for (const declared of file.interfaces) refuseUnknownClass(declared, types);
  const methods = declarations
    .filter(({ syntax }) => syntax.condition === undefined || holds(syntax.condition, configuration.defined))
    .map((declaration, i) => buildMethod(declaration, i + 1, types, configuration.wordBits));
  return {
    configuration,
    name: configuration.name,
    methods,
    byLabel: [undefined, ...methods],
    byId: new Map(methods.map((m) => [m.id, m])),
  };
}

function structsOf(files: readonly ApiSyntax[], configuration: KernelConfiguration): Map<string, readonly string[]> {
  const otherTypes = typeTable(configuration, new Map());
  const structs = new Map<string, StructSyntax>();
  for (const struct of files.flatMap((file) => file.structs)) {
    if (otherTypes.has(struct.name)) throw new InterfaceError(struct.at, `the structure ${struct.name} has the name of a type that is none`);
    const first = structs.get(struct.name);
    if (first !== undefined) {
      throw new InterfaceError(struct.at, `a second structure ${struct.name}; the first is at ${first.at.file}:${first.at.line}`);
    }
    structs.set(struct.name, struct);
  }
  return new Map([...structs].map(([name, struct]) => [name, struct.members]));
}

/** A label or a method may be declared again only for kernels that the other declaration excludes. */
function refuseDuplicates(declarations: readonly Declaration[]): void {
  refuseClashes(declarations, ({ syntax }) => syntax.id, (id) => `label ${id}`);
  refuseClashes(declarations, ({ syntax, of }) => `${of.name}_${syntax.name}`, (name) => `method ${name}`);
}

function refuseClashes(declarations: readonly Declaration[], keyOf: (d: Declaration) => string, describe: (key: string) => string): void {
  const seen = new Map<string, MethodSyntax[]>();
  for (const declaration of declarations) {
    const key = keyOf(declaration);
    const earlier = seen.get(key) ?? [];
    const clash = earlier.find((other) => canHoldTogether(other.condition, declaration.syntax.condition));
    if (clash !== undefined) {
      throw new InterfaceError(declaration.syntax.at,
        `a second ${describe(key)} for the same kernels; the first is at ${clash.at.file}:${clash.at.line}`);
    }
    seen.set(key, [...earlier, declaration.syntax]);
  }
}

function refuseUnknownClass(declared: InterfaceSyntax, types: Types): void {
  if (types.get(declared.name)?.kind !== 'capability') {
    throw new InterfaceError(declared.at, `unknown interface '${declared.name}': it is not a capability type of this architecture`);
  }
}

function buildMethod({ syntax, of, labelPrefix }: Declaration, label: number, types: Types, wordBits: number): Method {
  refuseDuplicateParameters(syntax);
  const inputs = syntax.params.filter((p) => p.direction === 'in');
  const capabilities = inputs.filter((p) => typeOf(p, types).kind === 'capability');
  const parameters = place(inputs.filter((p) => !capabilities.includes(p)), types, wordBits);
  const out = place(syntax.params.filter((p) => p.direction === 'out'), types, wordBits);
  refuseOverlong(syntax, capabilities.length, packedLength(parameters), packedLength(out));
  return {
    id: syntax.id,
    interfaceName: of.name,
    name: syntax.name,
    label,
    parameters,
    capParameters: capabilities.map((p, index): CapParameter =>
      ({ name: p.name, type: typeOf(p, types), index, description: p.description })),
    order: inputs.map((p) => p.name),
    requestLength: packedLength(parameters),
    out,
    contract: replyContract(syntax.id, packedLength(out), syntax.errors),
    errors: syntax.errors,
    serviceDescription: [of.serviceDescription, syntax.serviceDescription].filter((t) => t !== '').join(' '),
    brief: syntax.brief,
    description: syntax.description,
    returns: syntax.returns,
    manualLabel: labelPrefix + (syntax.manualLabel || inferredLabel(of, syntax)),
  };
}

/** The anchor that seL4's own documentation generator infers when the file names none. */
function inferredLabel(of: InterfaceSyntax, method: MethodSyntax): string {
  return `${of.manualName}_${method.manualName}`.toLowerCase().replaceAll(' ', '_').replaceAll('/', '');
}

function refuseDuplicateParameters(method: MethodSyntax): void {
  const seen = new Set<string>();
  for (const param of method.params) {
    if (seen.has(param.name)) throw new InterfaceError(param.at, `a second parameter '${param.name}' of ${method.id}`);
    seen.add(param.name);
  }
}

function refuseOverlong({ id, at }: MethodSyntax, caps: number, requestWords: number, replyWords: number): void {
  const refuse = (what: string, count: number, most: number): void => {
    if (count > most) throw new InterfaceError(at, `${id} has ${count} ${what}; a message carries at most ${most}`);
  };
  refuse('capability parameters', caps, MSG_MAX_EXTRA_CAPS);
  refuse('words of in-parameters', requestWords, MSG_MAX_LENGTH);
  refuse('words of out-parameters', replyWords, MSG_MAX_LENGTH);
}

function typeOf(param: ParamSyntax, types: Types): ParameterType {
  const type = types.get(param.type);
  if (type === undefined) throw new InterfaceError(param.at, `unknown type '${param.type}' of the parameter '${param.name}'`);
  if (type.kind === 'capability' && param.direction === 'out') {
    throw new InterfaceError(param.at, `the out-parameter '${param.name}' is a capability (${type.name}): kernel replies carry words only`);
  }
  return type;
}

function place(params: readonly ParamSyntax[], types: Types, wordBits: number): Parameter[] {
  const placements = pack(params.map((p) => typeOf(p, types).bits), wordBits);
  return params.map((p, i) => ({ name: p.name, type: typeOf(p, types), ...placements[i]!, description: p.description }));
}
