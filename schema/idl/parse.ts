// SPDX-License-Identifier: BSD-2-Clause
/** Interface XML to syntax. Every problem is an InterfaceError with its place. */
import type { XmlElement } from '@rgrove/parse-xml';
import { ERRORS } from '../abi/errors.ts';
import type { ErrorName } from '../abi/errors.ts';
import { canHoldTogether, parsePreprocessorCondition } from './conditions.ts';
import type { Condition } from './conditions.ts';
import { proseOf, tidy } from './prose.ts';
import { Source } from './source.ts';
import type { ApiSyntax, ErrorSyntax, InterfaceSyntax, MethodSyntax, ParamSyntax, StructSyntax } from './syntax.ts';

/**
 * Reads the text of one interface file.
 * @param file name for diagnostics
 */
export function parseInterfaceFile(file: string, text: string): ApiSyntax {
  const source = new Source(file, text);
  const api = source.root;
  if (api.name !== 'api') source.fail(api, `<api> expected instead of <${api.name}>`);
  source.expectAttributes(api, ['name', 'label_prefix']);
  const children = source.children(api, ['struct', 'interface']);
  return {
    labelPrefix: api.attributes['label_prefix'] ?? '',
    structs: children.filter((c) => c.name === 'struct').map((c) => parseStruct(source, c)),
    interfaces: children.filter((c) => c.name === 'interface').map((c) => parseInterface(source, c)),
  };
}

function parseStruct(source: Source, element: XmlElement): StructSyntax {
  source.expectAttributes(element, ['name']);
  const name = source.required(element, 'name');
  const members = new Set<string>();
  for (const member of source.children(element, ['member'])) {
    source.expectAttributes(member, ['name']);
    const memberName = source.required(member, 'name');
    if (members.has(memberName)) source.fail(member, `a second member '${memberName}' in ${name}`);
    members.add(memberName);
  }
  if (members.size === 0) source.fail(element, `the structure ${name} has no members`);
  return { name, members: [...members], at: source.at(element) };
}

function parseInterface(source: Source, element: XmlElement): InterfaceSyntax {
  source.expectAttributes(element, ['name', 'manual_name', 'cap_description']);
  const name = source.required(element, 'name');
  return {
    name,
    manualName: element.attributes['manual_name'] ?? name,
    serviceDescription: tidy(element.attributes['cap_description'] ?? ''),
    methods: source.children(element, ['method']).map((m) => parseMethod(source, m)),
    at: source.at(element),
  };
}

function parseMethod(source: Source, element: XmlElement): MethodSyntax {
  source.expectAttributes(element, ['id', 'name', 'manual_name', 'manual_label', 'condition']);
  const id = source.required(element, 'id');
  const name = source.required(element, 'name');
  const children = source.children(element, ['condition', 'brief', 'description', 'return', 'cap_param', 'param', 'error']);
  const capParam = source.only(children, 'cap_param');
  if (capParam !== undefined) source.expectAttributes(capParam, ['append_description']);
  return {
    id,
    name,
    manualName: element.attributes['manual_name'] ?? name,
    manualLabel: element.attributes['manual_label'] ?? '',
    condition: parseCondition(source, element, source.only(children, 'condition')),
    brief: proseOf(source.only(children, 'brief')),
    description: proseOf(source.only(children, 'description')),
    returns: proseOf(source.only(children, 'return')),
    serviceDescription: tidy(capParam?.attributes['append_description'] ?? ''),
    params: children.filter((c) => c.name === 'param').map((p) => parseParam(source, p)),
    errors: parseErrors(source, children.filter((c) => c.name === 'error')),
    at: source.at(element),
  };
}

function parseParam(source: Source, element: XmlElement): ParamSyntax {
  source.expectAttributes(element, ['dir', 'name', 'type', 'description']);
  const name = source.required(element, 'name');
  const direction = source.required(element, 'dir');
  if (direction !== 'in' && direction !== 'out') {
    source.fail(element, `the parameter '${name}' has the direction '${direction}', which is neither 'in' nor 'out'`);
  }
  return { name, type: source.required(element, 'type'), direction, description: descriptionOf(source, element), at: source.at(element) };
}

function parseErrors(source: Source, elements: readonly XmlElement[]): ErrorSyntax[] {
  const seen = new Set<ErrorName>();
  return elements.map((element) => {
    source.expectAttributes(element, ['name', 'description']);
    const name = source.required(element, 'name');
    const error = ERRORS.find((e) => e !== 'NoError' && `seL4_${e}` === name);
    if (error === undefined) {
      source.fail(element, `unknown error '${name}': choose from ${ERRORS.slice(1).map((e) => `seL4_${e}`).join(', ')}`);
    }
    if (seen.has(error)) source.fail(element, `a second description of the error ${name}`);
    seen.add(error);
    return { error, description: descriptionOf(source, element) };
  });
}

/** A short description is an attribute, a longer one a child element. */
function descriptionOf(source: Source, element: XmlElement): string {
  const child = source.only(source.children(element, ['description']), 'description');
  return child === undefined ? tidy(element.attributes['description'] ?? '') : proseOf(child);
}

function parseCondition(source: Source, method: XmlElement, element: XmlElement | undefined): Condition | undefined {
  const attribute = method.attributes['condition'];
  if (attribute !== undefined && element !== undefined) source.fail(element, 'a condition as attribute and as element: give one');
  const condition = attribute !== undefined ? conditionOfAttribute(source, method, attribute)
    : element !== undefined ? conditionOfElement(source, element)
      : undefined;
  if (condition !== undefined && !canHoldTogether(condition)) source.fail(element ?? method, 'contradictory condition: no kernel satisfies it');
  return condition;
}

function conditionOfAttribute(source: Source, method: XmlElement, text: string): Condition {
  try {
    return parsePreprocessorCondition(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return source.fail(method, `condition "${text}": ${error.message}`);
  }
}

const CONDITION_ELEMENTS = ['config', 'not', 'and', 'or'];

function conditionOfElement(source: Source, element: XmlElement): Condition | undefined {
  source.expectAttributes(element, []);
  const operands = operandsOf(source, element);
  if (operands.length > 1) source.fail(element, `<condition> takes one condition, not ${operands.length}: combine them with <and> or <or>`);
  return operands[0];
}

function operandsOf(source: Source, element: XmlElement): Condition[] {
  return source.children(element, CONDITION_ELEMENTS).map((child) => parseOperand(source, child));
}

function parseOperand(source: Source, element: XmlElement): Condition {
  if (element.name === 'config') {
    source.expectAttributes(element, ['var']);
    source.children(element, []);
    return { kind: 'config', symbol: source.required(element, 'var') };
  }
  source.expectAttributes(element, []);
  const operands = operandsOf(source, element);
  if (element.name === 'not') {
    if (operands.length !== 1) source.fail(element, `<not> takes one condition, not ${operands.length}`);
    return { kind: 'not', operand: operands[0]! };
  }
  if (operands.length < 2) source.fail(element, `<${element.name}> takes two conditions or more, not ${operands.length}`);
  return { kind: element.name === 'and' ? 'and' : 'or', operands };
}
