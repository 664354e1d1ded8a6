import { PaperPlaneIcon } from '@radix-ui/react-icons';
import { Button, Progress } from '@radix-ui/themes';
import { type ReactNode, useState } from 'react';
import type { ConnectionState } from '../../../client/connections.ts';
import { useConfirm } from '../../parts/confirm.tsx';
import { formatCount, formatDay, plural } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';
import { type Problems, placeOf, problemOf } from '../../parts/problems.ts';
import { explainError } from '../../parts/states.tsx';
import type { Audience } from './audience.ts';
import { type CheckReport, type HeldPlan, useCheck } from './check.ts';
import type { Draft } from './draft.ts';
import type { Words } from './draft-body.ts';
import { isPlanGone, isSentDifferently, type Launching } from './launch.ts';
import { PreflightReport } from './preflight-report.tsx';

interface ReviewPartProps {
  readonly audience: Audience;
  readonly draft: Draft;
  readonly connections: readonly ConnectionState[];
  readonly problems: Problems;
  readonly launching: Launching;
  /** It may have been sent as it is written: only what carries its key again is no second one. */
  readonly isTried: boolean;
  readonly onProblem: (problems: Problems) => void;
  /** Null: something is missing, and it was said where. */
  readonly write: () => Words | null;
  /** `planId`: exactly what a check has kept; null: what is written. */
  readonly launch: (words: Words, planId: string | null) => void;
  readonly stop: () => void;
  /** As another notification than what may have been launched before. */
  readonly sendAnother: () => void;
  readonly aside: ReactNode;
}

/** What would become of it, and the launch. */
export function ReviewPart(props: ReviewPartProps) {
  const { audience, draft, connections, problems, launching, isTried, onProblem, write, launch, aside } = props;
  const confirm = useConfirm();
  const check = useCheck(connections);
  // A report is about what was checked; what was changed since is not.
  const [checked, setChecked] = useState<{ readonly draft: Draft; readonly report: CheckReport } | null>(null);
  const report = checked?.draft === draft ? checked.report : null;
  const plan = isTried || isPlanGone(launching) ? null : (report?.plan ?? null);
  const whom = audience.total === null ? 'whoever fits' : plural(audience.total, 'recipient');
  const isBusy = launching.at === 'sending' || launching.at === 'uploading';

  const checkAll = async () => {
    if (write() === null) return;
    try {
      setChecked({ draft, report: await check.mutateAsync({ draft, audience }) });
    } catch (error) {
      const problem = problemOf(error);
      if (problem !== null) onProblem([problem]);
    }
  };
  const ask = () => {
    const words = write();
    if (words === null) return;
    const isAtOnce = draft.timing.sendAt === '';
    confirm({
      title: plan === null ? `Send it to ${whom}?` : `Launch exactly this plan?`,
      children: <LastWords draft={draft} report={report} plan={plan} />,
      verb: plan !== null ? 'Launch it' : isAtOnce ? 'Send it' : 'Schedule it',
      run: async () => {
        launch(words, plan?.id ?? null);
        return null;
      },
    });
  };
  return (
    <section className="compose-review">
      <Sheet
        title="Check and send"
        aside={
          report === null ? undefined : (
            <span className="quiet number">
              {formatCount(report.recipients - report.unreached)} of {formatCount(report.recipients)} would get it
            </span>
          )
        }
      >
        <div className="stack">
          {problems.length > 0 && <ProblemList problems={problems} />}
          {check.isError && problemOf(check.error) === null && <Refused error={check.error} />}
          {report !== null && <PreflightReport report={report} />}
          {plan !== null && (
            <p className="compose-note quiet">
              Just these people and these words are kept until {formatDay(plan.expiresAt)}, whatever becomes of the
              directory and the template. Change something here, and it is another notification.
            </p>
          )}
          <Launch {...props} />
          <div className="compose-actions">
            <Button onClick={ask} loading={launching.at === 'sending'} disabled={launching.at === 'uploading'}>
              <PaperPlaneIcon />{' '}
              {plan === null
                ? `${draft.timing.sendAt === '' ? 'Send' : 'Schedule'}${audience.total === 0 ? '' : ` to ${whom}`}`
                : 'Launch exactly this plan'}
            </Button>
            <Button variant="soft" onClick={checkAll} loading={check.isPending} disabled={isBusy}>
              {plan === null ? 'Check everybody' : 'Check again'}
            </Button>
            <span className="compose-aside">{aside}</span>
          </div>
        </div>
      </Sheet>
    </section>
  );
}

function ProblemList({ problems }: { readonly problems: Problems }) {
  return (
    <div className="compose-fault" role="alert">
      <strong>It cannot be sent like this:</strong>
      <ul>
        {problems.map(({ pointer, sentence }) => (
          <li key={pointer}>
            {placeOf(pointer)}: {sentence}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface LastWordsProps {
  readonly draft: Draft;
  readonly report: CheckReport | null;
  readonly plan: HeldPlan | null;
}

function LastWords({ draft, report, plan }: LastWordsProps) {
  const { sendAt } = draft.timing;
  return (
    <>
      <p>
        {sendAt === '' ? 'It begins at once.' : `Nothing is sent before ${sendAt.replace('T', ' ')}.`} Whoever has it
        has it: a cancel stops only what was not sent yet.
      </p>
      {plan !== null && report !== null && (
        <p>
          It goes to the <strong>{plural(report.recipients, 'recipient')}</strong> who were found, in the words that
          were checked, and to nobody who came since.
        </p>
      )}
      {report === null ? (
        <p>Nobody was checked. “Check everybody” says beforehand who would not get it.</p>
      ) : (
        report.unreached > 0 && (
          <p>
            <strong>{plural(report.unreached, 'recipient')}</strong> of {formatCount(report.recipients)} would not get
            it, as far as that can be known.
          </p>
        )
      )}
    </>
  );
}

function Launch({ launching, stop, sendAnother }: ReviewPartProps) {
  if (launching.at === 'uploading')
    return (
      <div className="compose-upload" role="status">
        <p>
          Uploading: {formatCount(launching.recipients)} of {formatCount(launching.of)} recipients. Nobody is sent
          anything before all are there.
        </p>
        <Progress value={Math.round(launching.share * 100)} aria-label="Uploaded" />
        <Button variant="soft" color="gray" onClick={stop}>
          Stop
        </Button>
      </div>
    );
  if (launching.at === 'stopped')
    return (
      <p className="compose-fault" role="status">
        <strong>Stopped.</strong> Nobody was sent anything. Send again goes on where it was; what was uploaded is thrown
        away by itself if nobody does.
      </p>
    );
  if (launching.at !== 'refused' || problemOf(launching.error) !== null) return null;
  if (!isSentDifferently(launching.error)) return <Refused error={launching.error} />;
  return (
    <div className="compose-fault" role="alert">
      <strong>It was launched already, as it was before your last changes.</strong> The answer was lost on the way. Look
      for it among the notifications; what you have changed since would be another one.
      <div className="compose-actions">
        <Button variant="soft" onClick={sendAnother}>
          Make it another one
        </Button>
      </div>
    </div>
  );
}

function Refused({ error }: { readonly error: unknown }) {
  const { title, fix } = explainError(error);
  return (
    <p className="compose-fault" role="alert">
      <strong>{title}.</strong> {fix}
    </p>
  );
}
