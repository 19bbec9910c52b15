// SPDX-License-Identifier: BSD-2-Clause

/** A kernel image that cannot be observed: says what is missing or unknown. */
export class ImageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ImageError';
  }
}
