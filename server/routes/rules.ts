// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { RuleDetail, RuleList, RuleParams } from '../../schema/api/index.ts';
import { RULES, decidersOf } from '../../schema/rules/catalogue.ts';
import type { RuleInfo } from '../../schema/rules/rule.ts';
import { RequestError } from '../errors.ts';
import { NoQuery, responses } from './responses.ts';

export function ruleRoutes(app: FastifyInstance): void {
  app.get('/rules', {
    schema: { summary: 'All rules of the catalogue', querystring: NoQuery, response: responses(RuleList) },
  }, async (): Promise<RuleList> => ({ rules: [...RULES.values()].map(ruleDetail) }));

  app.get<{ Params: RuleParams }>('/rules/:id', {
    schema: { summary: 'One rule of the catalogue', params: RuleParams, querystring: NoQuery, response: responses(RuleDetail) },
  }, async (request): Promise<RuleDetail> => {
    const rule = RULES.get(request.params.id);
    if (rule === undefined) throw new RequestError('unknown-rule', `there is no rule ${JSON.stringify(request.params.id)}`, 'GET /api/rules lists them');
    return ruleDetail(rule);
  });
}

function ruleDetail(info: RuleInfo): RuleDetail {
  const { id, name, title, severity, explanation, references } = info;
  return { id, name, title, severity, explanation, references: [...references], decidedBy: [...decidersOf(info)] };
}
