// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { Job, JobList, JobParams, RecheckJob, RecheckRequest } from '../../schema/api/index.ts';
import { RULES } from '../../schema/rules/catalogue.ts';
import '../access.ts';
import { RequestError } from '../errors.ts';
import type { JobBook } from '../jobs/job-book.ts';
import type { QueryClient } from '../query/query-client.ts';
import type { RecheckJobs } from '../recheck/jobs.ts';
import { NoQuery, responses } from './responses.ts';

export function jobRoutes(app: FastifyInstance, query: QueryClient, rechecks: RecheckJobs, jobs: JobBook): void {
  app.post<{ Body: RecheckRequest }>('/recheck', {
    config: { access: 'admin' },
    schema: { summary: 'Run the rules over stored records again', querystring: NoQuery, body: RecheckRequest, response: responses(RecheckJob, 202) },
  }, async (request, reply) => {
    const { runs, select, rule = null } = request.body;
    if ((runs === undefined) === (select === undefined)) throw new RequestError('bad-request', 'give either "runs" or "select"', 'select is "all" or "outdated"');
    if (rule !== null && !RULES.has(rule)) throw new RequestError('unknown-rule', `there is no rule ${rule}`, 'GET /api/rules lists them');
    const targets = await query.ask('recheckTargets', request.body);
    return reply.code(202).send(rechecks.start(targets, rule));
  });

  app.get('/jobs', {
    schema: { summary: 'Jobs since the start of the service, newest first', querystring: NoQuery, response: responses(JobList) },
  }, async (): Promise<JobList> => ({ jobs: jobs.list() }));

  app.get<{ Params: JobParams }>('/jobs/:job', {
    schema: { summary: 'A job: how far it is, and what it came to', params: JobParams, querystring: NoQuery, response: responses(Job) },
  }, async (request): Promise<Job> => jobs.get(request.params.job));

  app.delete<{ Params: JobParams }>('/jobs/:job', {
    config: { access: 'admin' },
    schema: { summary: 'End a job; what it has done stays done', params: JobParams, querystring: NoQuery, response: responses(Job) },
  }, async (request): Promise<Job> => jobs.cancel(request.params.job));
}
