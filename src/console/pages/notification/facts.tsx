import { Fragment } from 'react';
import { describeExclude, describeFilter } from '../../../client/describe-audience.ts';
import type { Notification } from '../../../client/notification-documents.ts';
import type { HoursBody } from '../../../client/send-documents.ts';
import { Channel } from '../../parts/channel.tsx';
import { formatMoment } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';

const INTERFACES = { native: 'Native API', 'kore-v1': 'Kore v1', 'kore-v2': 'Kore v2' } as const;

/** What was asked, in the order in which one asks about it. */
export function Facts({ notification }: { readonly notification: Notification }) {
  const { api, channels, audience, template, category, createdAt, sendAt, expiresAt, finishedAt, window, quietHours } =
    notification;
  const facts: readonly (readonly [string, string | null])[] = [
    ['Came through', INTERFACES[api]],
    ['Template', template && `${template.name}, version ${template.version}`],
    ['Category', category],
    ['For', audience?.filter ? describeFilter(audience.filter) : null],
    ['Left out', audience?.exclude ? describeExclude(audience.exclude) : null],
    ['Accepted', formatMoment(createdAt)],
    ['Not before', sendAt && formatMoment(sendAt)],
    ['Not after', formatMoment(expiresAt)],
    ['Finished', finishedAt && formatMoment(finishedAt)],
    ['Only within', window && describeHours(window)],
    ['Not within', quietHours.length === 0 ? null : quietHours.map(describeHours).join('; ')],
    ['Preferences overridden', notification.preferencesOverride?.reason ?? null],
    ['Quiet hours overridden', notification.quietHoursOverride?.reason ?? null],
  ];
  return (
    <Sheet title="Details">
      <dl className="facts">
        {channels.length > 1 && (
          <>
            <dt>Channels</dt>
            <dd>
              <ol className="channels-in-order">
                {channels.map(({ channel, connectionId, on }) => (
                  <li key={connectionId}>
                    <Channel id={channel} />
                    {on !== null && <span className="quiet"> after {on.join(', ').replaceAll('_', ' ')}</span>}
                  </li>
                ))}
              </ol>
            </dd>
          </>
        )}
        {facts.map(([name, value]) =>
          value === null ? null : (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd className="number">{value}</dd>
            </Fragment>
          ),
        )}
      </dl>
    </Sheet>
  );
}

function describeHours({ days, from, until }: HoursBody): string {
  const when = `${from}–${until}`;
  return days === undefined ? `${when} every day` : `${when} on ${days.join(', ')}`;
}
