// SPDX-License-Identifier: BSD-2-Clause
import { illegal } from './slow';
export function floatingPoint(op: i32, record: usize): void { illegal(); }
