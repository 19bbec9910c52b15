// SPDX-License-Identifier: BSD-2-Clause
export const main = 1;
