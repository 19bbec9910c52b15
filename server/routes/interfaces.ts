// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { InterfaceDetail, InterfaceParams } from '../../schema/api/index.ts';
import { interfacesByName } from '../interfaces.ts';
import { interfaceDetail } from '../query/method-detail.ts';
import { NoQuery, responses } from './responses.ts';

export function interfaceRoutes(app: FastifyInstance): void {
  app.get<{ Params: InterfaceParams }>('/interfaces/:configuration', {
    schema: { summary: 'The object API of a configuration', params: InterfaceParams, querystring: NoQuery, response: responses(InterfaceDetail) },
  }, async (request) => interfaceDetail(interfacesByName(request.params.configuration)));
}
