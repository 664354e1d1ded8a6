import { Callout } from '@radix-ui/themes';
import { Fragment, type ReactNode } from 'react';
import type { LedgerRecipient } from '../../../client/recipient-documents.ts';
import { explainReason } from '../../../model/reasons.ts';
import { Channel } from '../../parts/channel.tsx';
import { CopyId } from '../../parts/copy.tsx';
import { Drawer } from '../../parts/drawer.tsx';
import { formatMoment, plural } from '../../parts/format.ts';
import { meaningOf } from '../../parts/reason.ts';
import { StateWord } from '../../parts/state-word.tsx';

const RETRY_WORDS = {
  yes: 'Sending it again later can help.',
  once_mended: 'Sending it again helps once that is mended.',
  may_double: 'Sent again, they may have it twice.',
  no: 'Sending it again does not help.',
} as const;

/** All that is known of one recipient, and what to do about it. */
export function RecipientDrawer({
  recipient,
  onClose,
}: {
  readonly recipient: LedgerRecipient | null;
  readonly onClose: () => void;
}) {
  return (
    <Drawer title={recipient?.identity ?? ''} isOpen={recipient !== null} onClose={onClose}>
      {recipient !== null && <Known recipient={recipient} />}
    </Drawer>
  );
}

function Known({ recipient }: { readonly recipient: LedgerRecipient }) {
  const { state, channel, reason, hint, detail, attempts, at, tookMs, receipt } = recipient;
  const ids: readonly (readonly [string, string | null])[] = [
    ['Person', recipient.personId],
    ['Address', recipient.channelId],
    ['Provider’s message', recipient.providerMessageId],
  ];
  return (
    <>
      {reason !== null && (
        <Callout.Root className="callout" size="1" color={state === 'failed' ? 'red' : 'amber'}>
          <Callout.Text size="2">
            <strong>{meaningOf(reason)}.</strong> {hint} {RETRY_WORDS[explainReason(reason).retry]}
          </Callout.Text>
        </Callout.Root>
      )}
      <dl className="facts">
        <Fact name="State">
          <StateWord state={state} />
        </Fact>
        <Fact name="Channel">
          <Channel id={channel} />
        </Fact>
        {detail !== null && <Fact name="The provider said">{detail}</Fact>}
        <Fact name="Attempts">{attempts}</Fact>
        <Fact name="Ended">
          {formatMoment(at)}, {(tookMs / 1000).toFixed(1)} s after it was accepted
        </Fact>
        {recipient.maybeDoubled && <Fact name="Twice?">They may have been sent it more than once.</Fact>}
        {receipt !== null && (
          <Fact name="Told later">
            {receipt.state}, {formatMoment(receipt.at)}
            {receipt.hint !== null && <div className="quiet">{receipt.hint}</div>}
          </Fact>
        )}
        {ids.map(([name, id]) =>
          id === null ? null : (
            <Fact key={name} name={name}>
              <CopyId id={id} />
            </Fact>
          ),
        )}
      </dl>
      {recipient.tried.length > 0 && (
        <section>
          <h3 className="drawer-title">Tried before</h3>
          <ol className="tried">
            {recipient.tried.map((step) => (
              <li key={step.connectionId}>
                <Channel id={step.channel} />
                <p>
                  {meaningOf(step.reason)} after {plural(step.attempts, 'attempt')}.{' '}
                  <span className="quiet">{step.detail ?? step.hint}</span>
                </p>
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <Fragment>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </Fragment>
  );
}
