// SPDX-License-Identifier: BSD-2-Clause
/** Two runs side by side: which ones, and how they differ. */
import type { MethodComparison, RunComparison, RunSummary } from '../../../schema/api/index.ts';
import type { Api } from './api.ts';
import type { State } from './model.ts';
import type { Store } from './store.ts';
import { Watched } from './watched.ts';

export const DEPTHS = ['words', 'protocol'] as const;

/** What a person compares; a run that is not chosen yet is null. */
export interface Compared {
  readonly a: string | null;
  readonly b: string | null;
  /** `protocol` leaves the words of messages out. */
  readonly depth: (typeof DEPTHS)[number];
}

export const NOTHING_COMPARED: Compared = { a: null, b: null, depth: 'words' };

/** The run that a person most likely wants beside another: the newest of the same program, else the newest. */
export function partnerOf(runs: readonly RunSummary[], run: string): string | null {
  const program = runs.find((each) => each.run === run)?.program;
  const others = runs.filter((each) => each.run !== run && each.records > 0);
  return (others.find((each) => each.program === program) ?? others[0])?.run ?? null;
}

/** Whether two runs did or answered anything differently in a method. */
export function differs({ requests, answers, unmatched }: MethodComparison): boolean {
  return requests + answers + unmatched > 0;
}

/** How much longer (positive) something took in run b, as a share of run a; null where there is nothing to divide. */
export function growth(a: number | null | undefined, b: number | null | undefined): number | null {
  return a === null || a === undefined || b === null || b === undefined || a === 0 ? null : (b - a) / a;
}

/** Reads the comparison that the view shows. */
export class ComparisonLoader {
  private readonly watched: Watched<RunComparison>;

  constructor(api: Api, store: Store<State>) {
    const chosen = (): Compared => store.get().view.compared;
    this.watched = new Watched<RunComparison>({
      key: () => {
        const { a, b, depth } = chosen();
        return store.get().view.page !== 'compare' || a === null || b === null ? null : `${a} ${b} ${depth}`;
      },
      // A run that goes on is compared again when somebody asks.
      version: () => 0,
      read: () => api.compare({ a: chosen().a!, b: chosen().b!, depth: chosen().depth }),
      kept: () => store.get().comparison,
      put: (comparison) => store.set({ comparison }),
    });
  }

  show(): void {
    this.watched.show();
  }

  again(): void {
    this.watched.again();
  }
}
