// SPDX-License-Identifier: BSD-2-Clause
import { BUNDLED_CONFIGURATION_NAMES } from '../schema/idl/configuration.ts';
import { interfacesOf } from '../schema/idl/load.ts';
import type { BundledConfigurationName, InterfaceModel } from '../schema/idl/model.ts';
import { RequestError } from './errors.ts';

/** The object API of a configuration. Throws a RequestError for a name that the service does not know. */
export function interfacesByName(configuration: string): InterfaceModel {
  if (!(BUNDLED_CONFIGURATION_NAMES as readonly string[]).includes(configuration)) {
    throw new RequestError('unknown-configuration', `unknown configuration ${JSON.stringify(configuration)}; choose from ${BUNDLED_CONFIGURATION_NAMES.join(', ')}`);
  }
  return interfacesOf(configuration as BundledConfigurationName);
}
