// SPDX-License-Identifier: BSD-2-Clause
import { ERROR } from '../../schema/abi/errors.ts';
import type { CapParameterDetail, InterfaceDetail, MethodDetail, ParameterDetail } from '../../schema/api/index.ts';
import type { CapParameter, InterfaceModel, Method, Parameter } from '../../schema/idl/model.ts';

/** A method of the object API as the API shows it. */
export function methodDetail(method: Method): MethodDetail {
  const { outWords, length, mayComeLater } = method.contract;
  return {
    id: method.id,
    interfaceName: method.interfaceName,
    name: method.name,
    label: method.label,
    requestLength: method.requestLength,
    parameters: method.parameters.map(parameterDetail),
    capParameters: method.capParameters.map(capParameterDetail),
    out: method.out.map(parameterDetail),
    contract: {
      outWords, length, mayComeLater,
      errors: method.errors.map(({ error, description }) => ({ label: ERROR[error], name: error, description })),
    },
    brief: method.brief,
    description: method.description,
  };
}

export function interfaceDetail(model: InterfaceModel): InterfaceDetail {
  const { arch, scheduling } = model.configuration;
  return { configuration: model.name, arch, scheduling, methods: model.methods.map(methodDetail) };
}

function parameterDetail(parameter: Parameter): ParameterDetail {
  const { name, type, word, bit, bits, words, description } = parameter;
  return { name, type: type.name, word, bit, bits, words, description };
}

function capParameterDetail(parameter: CapParameter): CapParameterDetail {
  const { name, type, index, description } = parameter;
  return { name, type: type.name, index, description };
}
