// SPDX-License-Identifier: BSD-2-Clause
export type * from './host.ts';
export * from './kernel/defects.ts';
export { ModelKernel, type ModelOptions } from './kernel/model.ts';
export * from './user/threads.ts';
export { Machine, type MachineOptions } from './machine/boot/machine.ts';
export { ImageKernel, type ImageKernelOptions } from './machine/host/image-kernel.ts';
export { ImageObserver } from './machine/host/image-observer.ts';
export { readKernelImage, type KernelImage } from './machine/image/kernel-image.ts';
