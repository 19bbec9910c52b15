// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { COMMANDS } from '../keys.ts';
import { useSession } from '../session-context.ts';

export function Help(): JSX.Element {
  const session = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  const close = (): void => session.setOverlay(null);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close} onClick={(event) => { if (event.target === dialog.current) close(); }}>
      <header><h2 id="help-title">Keys</h2><button type="button" class="quiet" onClick={close}>Close</button></header>
      <dl>
        {COMMANDS.map((command) => (
          <div key={command.label}>
            <dt>{command.label.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{command.help}</dd>
          </div>
        ))}
      </dl>
      <p>The address of the page holds the view: run, filter, open record. Words are hexadecimal; hold the pointer over one for its decimal value. Times are virtual time of the run.</p>
    </dialog>
  );
}
