import type { Preflight } from '../../../client/send-documents.ts';
import { explainReason } from '../../../model/reasons.ts';
import { formatAgo, formatCount, formatMoment, formatRate, plural } from '../../parts/format.ts';
import { meaningOf } from '../../parts/reason.ts';
import { useNow } from '../../parts/time.tsx';
import type { CheckReport, CheckStep } from './check.ts';

/** Who would get it and who not, why, and when it would be over. */
export function PreflightReport({ report }: { readonly report: CheckReport }) {
  const { recipients, total, steps, unreached, isCut } = report;
  const [first] = steps;
  const languages = Object.entries(first?.report.languages ?? {});
  const unrendered = first?.report.unrendered ?? 0;
  return (
    <div className="stack">
      {recipients !== total && (
        <p className="compose-note quiet">
          The first {formatCount(recipients)} {total !== null && `of ${formatCount(total)} `}were checked.
        </p>
      )}
      <dl className="figures">
        {steps.map(({ connectionId, name, report: { ready } }) => (
          <div className="figure" key={connectionId}>
            <dt>{name}</dt>
            <dd>{formatCount(ready)}</dd>
          </div>
        ))}
        <div className="figure">
          <dt>Would not get it</dt>
          <dd>{formatCount(unreached)}</dd>
        </div>
        {first !== undefined && <Forecast report={first.report} />}
      </dl>
      {languages.length > 1 && (
        <p className="compose-note quiet">
          In {languages.map(([tag, count]) => `${tag}: ${formatCount(count)}`).join(', ')}.
        </p>
      )}
      {unrendered > 0 && (
        <p className="compose-note quiet">{plural(unrendered, 'message')} that a script writes could not be judged.</p>
      )}
      {first !== undefined && !first.report.isComplete && (
        <p className="compose-note quiet">
          There are so many that only the first {formatCount(first.report.rehearsed)} were looked at.
        </p>
      )}
      {isCut && (
        <p className="compose-note quiet">
          More than a hundred are not reached on {steps.at(-1)?.name}; what comes after it was not checked.
        </p>
      )}
      {steps.map(
        (step) => step.report.ready < step.report.recipients && <Failing key={step.connectionId} step={step} />,
      )}
    </div>
  );
}

function Forecast({ report: { forecast, ready } }: { readonly report: Preflight }) {
  const now = useNow();
  const { finishesAt, perSecond, waiting } = forecast;
  if (ready === 0) return null;
  return (
    <div className="figure">
      <dt>Finished</dt>
      <dd title={finishesAt === null ? undefined : formatMoment(finishesAt)}>
        {finishesAt === null ? 'soon' : formatAgo(finishesAt, now)}
        <small>
          {perSecond === null ? 'as fast as the provider takes it' : `at ${formatRate(perSecond)} a second`}
          {waiting > 0 && `, behind ${formatCount(waiting)}`}
        </small>
      </dd>
    </div>
  );
}

function Failing({ step: { name, report } }: { readonly step: CheckStep }) {
  const { failing, reasons } = report;
  const hints = new Map(failing.map(({ reason, hint }) => [reason, hint]));
  return (
    <section className="failing" aria-label={`Not reached on ${name}`}>
      <h3>Not reached on {name}</h3>
      <ul className="failing-reasons">
        {Object.entries(reasons).map(([reason, count]) => (
          <li key={reason}>
            <span className="number failing-count">{formatCount(count)}</span>
            <span>{meaningOf(reason)}.</span>
            <span className="quiet">{hints.get(reason) ?? explainReason(reason).hint}</span>
          </li>
        ))}
      </ul>
      <details>
        <summary className="failing-summary">Who: {plural(failing.length, 'recipient')}</summary>
        <div className="scroll-x">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Recipient</th>
                <th scope="col">Reason</th>
                <th scope="col">Detail</th>
              </tr>
            </thead>
            <tbody>
              {failing.map(({ seq, identity, reason, detail }) => (
                <tr key={seq}>
                  <td className="failing-identity">{identity}</td>
                  <td title={reason}>{meaningOf(reason)}</td>
                  <td className="quiet">{detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
