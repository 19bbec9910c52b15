// SPDX-License-Identifier: BSD-2-Clause
/**
 * Labels of two object APIs: that of the stubs and of records, and a kernel's own, which may be of another release. A label
 * means its method; where both have the method and pass it alike, one label stands for the other.
 */
import type { InterfaceModel, Method, Parameter } from '../../../schema/idl/model.ts';

/** What the labels in the registers of user threads mean, and what is recorded for them. */
export interface AskedLabels {
  readonly methods: InterfaceModel;
  /** Label of the stubs for one that a thread used; {@link NO_LABEL} for none. */
  recorded(label: number): number;
}

/** No kernel has a method of this label. */
export const NO_LABEL = 0;

export class LabelTranslation {
  /** The kernel has other labels than the stubs, or other methods. */
  readonly isNeeded: boolean;
  /** Methods of the stubs that the kernel lacks, or passes in another way. */
  readonly missing: ReadonlySet<string>;
  private readonly kernelLabels: readonly number[];
  private readonly stubLabels: readonly number[];

  constructor(stubs: InterfaceModel, kernel: InterfaceModel) {
    const common = (method: Method | undefined, other: InterfaceModel): number => {
      const same = method === undefined ? undefined : other.byId.get(method.id);
      return same === undefined || shapeOf(same) !== shapeOf(method!) ? NO_LABEL : same.label;
    };
    this.kernelLabels = stubs.byLabel.map((method) => common(method, kernel));
    this.stubLabels = kernel.byLabel.map((method) => common(method, stubs));
    this.missing = new Set(stubs.methods.filter(({ label }) => this.kernelLabels[label] === NO_LABEL).map(({ id }) => id));
    this.isNeeded = this.missing.size > 0 || this.kernelLabels.some((label, i) => label !== i) || this.stubLabels.length > this.kernelLabels.length;
  }

  /** What the kernel must be given for a label of the stubs: {@link NO_LABEL} if it must not know it. */
  toKernel(label: number): number {
    return this.kernelLabels[label] ?? (label < this.stubLabels.length ? NO_LABEL : label);
  }

  /** What is recorded for a label of the kernel: {@link NO_LABEL} for a method that the stubs do not have. */
  toRecord(label: number): number {
    return this.stubLabels[label] ?? NO_LABEL;
  }
}

/** How the arguments and results of a method travel. */
function shapeOf({ parameters, capParameters, requestLength, out }: Method): string {
  const word = ({ word, bit, bits, words }: Parameter): number[] => [word, bit, bits, words];
  return JSON.stringify([parameters.map(word), capParameters.map(({ index }) => index), requestLength, out.map(word)]);
}
