// SPDX-License-Identifier: BSD-2-Clause
/**
 * The interface model of a kernel image: the object API of our interface files with the labels that the kernel's own
 * debug information gives, since labels move whenever a release or a configuration adds a method.
 */
import type { InterfaceModel, Method } from '../../../schema/idl/model.ts';
import type { DebugTypes } from './dwarf/debug-types.ts';

export interface Relabelled {
  readonly interfaces: InterfaceModel;
  /** Methods of the kernel that the interface files do not have: they are recorded without a name. */
  readonly unknown: readonly string[];
  /** Methods of the interface files that the kernel does not have. */
  readonly absent: readonly string[];
  /** Methods whose label differs from the interface files'. */
  readonly moved: readonly string[];
}

/** Enumerations of labels, each named by an enumerator that it ends with. */
const LABEL_ENUMERATIONS = ['nInvocationLabels', 'nSeL4ArchInvocationLabels', 'nArchInvocationLabels'];
const NOT_METHODS = new Set(['InvalidInvocation', ...LABEL_ENUMERATIONS]);

/**
 * Methods that took the place of another and pass the same words as it did, and one more, which a kernel that has only the
 * former does not look at. Releases before 12.1.0 have no flags of scheduling contexts.
 */
const FORMER: Readonly<Record<string, string>> = { SchedControlConfigureFlags: 'SchedControlConfigure' };

/** Labels by invocation name; undefined when the debug information has none. */
export function labelsOf(types: DebugTypes): ReadonlyMap<string, number> | undefined {
  const labels = new Map<string, number>();
  for (const last of LABEL_ENUMERATIONS) {
    for (const [name, label] of types.enumeration(last) ?? []) if (!NOT_METHODS.has(name)) labels.set(name, label);
  }
  return labels.size === 0 ? undefined : labels;
}

export function relabel(model: InterfaceModel, given: ReadonlyMap<string, number>): Relabelled {
  const labels = withSuccessors(given, model);
  const moved = model.methods.filter((m) => labels.has(m.id) && labels.get(m.id) !== m.label).map((m) => m.id);
  const absent = model.methods.filter((m) => !labels.has(m.id)).map((m) => m.id);
  const unknown = [...labels.keys()].filter((id) => !model.byId.has(id));
  if (moved.length === 0 && absent.length === 0) return { interfaces: model, unknown, absent, moved };
  const methods = model.methods.filter((m) => labels.has(m.id)).map((m): Method => ({ ...m, label: labels.get(m.id)! })).sort((a, b) => a.label - b.label);
  const byLabel: (Method | undefined)[] = [undefined];
  for (const method of methods) byLabel[method.label] = method;
  for (let i = 0; i < byLabel.length; i++) byLabel[i] ??= undefined;
  return { interfaces: { ...model, methods, byLabel, byId: new Map(methods.map((m) => [m.id, m])) }, unknown, absent, moved };
}

/** The label of a method that a kernel has only under the name of the one before it. */
function withSuccessors(labels: ReadonlyMap<string, number>, model: InterfaceModel): ReadonlyMap<string, number> {
  const result = new Map(labels);
  for (const [method, former] of Object.entries(FORMER)) {
    const label = labels.get(former);
    if (label === undefined || labels.has(method) || model.byId.has(former)) continue;
    result.delete(former);
    result.set(method, label);
  }
  return result;
}
