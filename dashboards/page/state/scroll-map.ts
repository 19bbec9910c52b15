// SPDX-License-Identifier: BSD-2-Clause
/** Browsers limit an element to some 17 to 33 million pixels; a run has more rows than that. */
const MOST_HEIGHT = 8_000_000;

/**
 * Between rows and the pixels of a scroll bar. As long as all rows fit, a pixel of the bar is a pixel of the rows;
 * beyond that the bar's whole length still spans all rows, only more coarsely.
 */
export class ScrollMap {
  /** Height of the content as the browser is told. */
  readonly contentHeight: number;
  /** Highest first row in view; with a fraction. */
  readonly maxTop: number;
  /** Whether scrolling moves rows pixel by pixel. */
  readonly exact: boolean;
  private readonly maxScroll: number;

  constructor(rows: number, rowHeight: number, viewHeight: number) {
    this.exact = rows * rowHeight <= MOST_HEIGHT;
    this.contentHeight = this.exact ? rows * rowHeight : MOST_HEIGHT;
    this.maxTop = Math.max(0, rows - viewHeight / rowHeight);
    this.maxScroll = Math.max(0, this.contentHeight - viewHeight);
  }

  /** First row in view, counted from 0, for a position of the bar. */
  toTop(scroll: number): number {
    return this.maxScroll === 0 ? 0 : Math.min(1, Math.max(0, scroll / this.maxScroll)) * this.maxTop;
  }

  /** Position of the bar for a first row in view. */
  toScroll(top: number): number {
    return this.maxTop === 0 ? 0 : Math.min(1, Math.max(0, top / this.maxTop)) * this.maxScroll;
  }
}
