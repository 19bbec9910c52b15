// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { Job, JobList, JobParams, JobQuery, RecheckJob, RecheckRequest, type RetentionPolicy } from '../../schema/api/index.ts';
import { RULES } from '../../schema/rules/catalogue.ts';
import '../access.ts';
import { RequestError } from '../errors.ts';
import { asTheyAre, type JobBook, type StartedJob } from '../jobs/job-book.ts';
import type { UpkeepJobs } from '../jobs/upkeep-jobs.ts';
import type { QueryClient } from '../query/query-client.ts';
import type { RecheckJobs } from '../recheck/jobs.ts';
import { jobOf, type KeptJob } from '../store/stored-jobs.ts';
import { NoQuery, responses } from './responses.ts';

export interface JobParts {
  readonly query: QueryClient;
  readonly jobs: JobBook;
  readonly rechecks: RecheckJobs;
  readonly upkeep: UpkeepJobs;
}

export function jobRoutes(app: FastifyInstance, { query, jobs, rechecks, upkeep }: JobParts): void {
  const recheck = async (request: RecheckRequest): Promise<RecheckJob> => rechecks.start(request, await query.ask('recheckTargets', request));

  app.post<{ Body: RecheckRequest }>('/recheck', {
    config: { access: 'admin' },
    schema: { summary: 'Run the rules over stored records again', querystring: NoQuery, body: RecheckRequest, response: responses(RecheckJob, 202) },
  }, async (request, reply) => {
    const { runs, select, rule } = request.body;
    if ((runs === undefined) === (select === undefined)) throw new RequestError('bad-request', 'give either "runs" or "select"', 'select is "all" or "outdated"');
    if (rule !== undefined && !RULES.has(rule)) throw new RequestError('unknown-rule', `there is no rule ${rule}`, 'GET /api/rules lists them');
    return reply.code(202).send(await recheck(request.body));
  });

  app.get<{ Querystring: JobQuery }>('/jobs', {
    schema: { summary: 'Jobs, newest first, also those before the last start of the service', querystring: JobQuery, response: responses(JobList) },
  }, async (request): Promise<JobList> => {
    const { jobs: stored, next } = await query.ask('jobs', request.query);
    return { jobs: asTheyAre(stored, jobs), next };
  });

  app.get<{ Params: JobParams }>('/jobs/:job', {
    schema: { summary: 'A job: how far it is, and what it came to', params: JobParams, querystring: NoQuery, response: responses(Job) },
  }, (request): Promise<Job> => find(request.params.job));

  app.delete<{ Params: JobParams }>('/jobs/:job', {
    config: { access: 'admin' },
    schema: { summary: 'End a job; what it has done stays done, but for an import', params: JobParams, querystring: NoQuery, response: responses(Job) },
  }, async (request): Promise<Job> => {
    jobs.find(request.params.job)?.end('cancelled');
    return find(request.params.job);
  });

  app.post<{ Params: JobParams }>('/jobs/:job/restart', {
    config: { access: 'admin' },
    schema: { summary: 'Start a job that has ended again, as a new one', params: JobParams, querystring: NoQuery, response: responses(Job, 202) },
  }, async (request, reply) => {
    const id = request.params.job;
    const kept = jobs.find(id)?.kept() ?? await query.ask('job', id);
    if (kept.endedAt === null) throw new RequestError('conflict', `job ${id} has not ended`, 'DELETE /api/jobs/:job ends it');
    return reply.code(202).send(await again(kept));
  });

  async function find(id: string): Promise<Job> {
    return jobs.find(id)?.snapshot() ?? jobOf(await query.ask('job', id));
  }

  async function again({ kind, request }: KeptJob): Promise<Job> {
    switch (kind) {
      case 'recheck': return recheck(request as RecheckRequest);
      case 'prune': return unwatched(await upkeep.prune(request as RetentionPolicy));
      case 'check': return unwatched(await upkeep.check());
      case 'import': throw new RequestError('conflict', 'the file of an import is not kept', 'send it again: POST /api/import');
      case 'backup': throw new RequestError('conflict', 'a backup goes to whoever asks for it', 'GET /api/admin/backup makes another');
    }
  }
}

/** A job that nobody waits for: whoever looks at it hears of its errors. */
function unwatched({ job, done }: StartedJob<unknown>): Job {
  done.catch(() => undefined);
  return job.snapshot();
}
