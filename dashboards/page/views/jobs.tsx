// SPDX-License-Identifier: BSD-2-Clause
/** Jobs of the service: how far they are, what the last recheck came to, and how a person begins and ends them. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { JobSummary, RecheckJob } from '../../../schema/api/index.ts';
import { count, plural } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { shareOf } from '../state/job-watch.ts';
import { mayAdminister } from '../state/model.ts';

/** In the top bar, while a job is under way. */
export function RunningJob(): JSX.Element | null {
  const session = useSession();
  const job = useSelect((state) => state.jobs.find(({ endedAt }) => endedAt === null) ?? null);
  if (job === null) return null;
  return <button type="button" class="quiet running-job" title="jobs of the service" onClick={() => session.openFindings()}>{job.kind}<Progress job={job} /></button>;
}

/** On the page of findings. */
export function Jobs(): JSX.Element | null {
  const session = useSession();
  const jobs = useSelect((state) => state.jobs);
  const recheck = useSelect((state) => state.recheck);
  const may = useSelect(mayAdminister);
  const [problem, setProblem] = useState('');
  const begin = (select: 'all' | 'outdated'): void => void session.jobs.recheck({ select }).then(setProblem);
  if (!may && jobs.length === 0) return null;
  return (
    <section class="jobs" aria-label="Jobs">
      {may && (
        <div class="jobs-begin">
          <span class="dim">Run the rules again over</span>
          <button type="button" onClick={() => begin('outdated')} title="runs that another revision of the rules judged">outdated runs</button>
          <button type="button" onClick={() => begin('all')}>all runs</button>
          {problem !== '' && <span class="bad" role="alert">{problem}</span>}
          <span class="spread" />
          {jobs.some(({ endedAt }) => endedAt !== null) && <button type="button" class="quiet" onClick={() => session.jobs.dismiss()}>Dismiss</button>}
        </div>
      )}
      <ul aria-live="polite">{jobs.map((job) => <li key={job.id}><Job job={job} may={may} result={recheck?.id === job.id ? recheck : null} /></li>)}</ul>
    </section>
  );
}

function Job({ job, may, result }: { job: JobSummary; may: boolean; result: RecheckJob | null }): JSX.Element {
  const session = useSession();
  const { kind, state, endedAt, error, progress: { at, runs, runsDone, records, recordsDone } } = job;
  return (
    <div class="job">
      <b>{kind}</b>
      <span class={state === 'failed' || state === 'interrupted' ? 'bad' : ''}>{state}</span>
      {endedAt === null && <Progress job={job} />}
      <span class="dim">{[runs > 0 ? `${count(runsDone)} of ${plural(runs, 'run')}` : '', records > 0 ? `${count(recordsDone)} of ${plural(records, 'record')}` : '', endedAt === null ? at : ''].filter((text) => text !== '').join(' · ')}</span>
      {error !== null && <span class="bad">{error}</span>}
      {result !== null && <Result job={result} />}
      {endedAt === null && may && <button type="button" class="quiet" onClick={() => void session.jobs.cancel(job.id)}>Cancel</button>}
    </div>
  );
}

/** What a recheck changed. */
function Result({ job: { result: { rules, changedRuns, notChecked } } }: { job: RecheckJob }): JSX.Element {
  const sum = (of: 'gone' | 'added' | 'same'): number => rules.reduce((all, rule) => all + rule[of], 0);
  return (
    <span>
      {count(sum('added'))} new, {count(sum('gone'))} gone, {count(sum('same'))} as before{changedRuns.length > 0 && `, in ${plural(changedRuns.length, 'run')}`}
      {notChecked.length > 0 && <span class="dim" title={notChecked.map(({ run, message }) => `${run}: ${message}`).join('\n')}> · {plural(notChecked.length, 'run')} not checked</span>}
    </span>
  );
}

function Progress({ job }: { job: JobSummary }): JSX.Element {
  const share = shareOf(job);
  return <progress max={1} {...(share === null ? {} : { value: share })} aria-label={`progress of ${job.kind}`} />;
}
