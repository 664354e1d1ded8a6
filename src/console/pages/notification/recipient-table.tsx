import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { Notification } from '../../../client/notification-documents.ts';
import type { LedgerRecipient, RecipientFilter } from '../../../client/recipient-documents.ts';
import { useRecipients } from '../../data/recipients.ts';
import { plural } from '../../parts/format.ts';
import { meaningOf } from '../../parts/reason.ts';
import { StateWord } from '../../parts/state-word.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';

const ROW_PX = 41;
/** So many rows before the last one that is there, the next page is asked for. */
const AHEAD = 40;

interface RecipientTableProps {
  readonly notification: Notification;
  readonly filter: RecipientFilter;
  readonly onChoose: (recipient: LedgerRecipient) => void;
}

/** However many there are, only those in sight are in the page, and only those before them were fetched. */
export function RecipientTable({ notification, filter, onChoose }: RecipientTableProps) {
  const { id, counts } = notification;
  // While it runs only the end of the list grows, and whoever reads it is not interrupted.
  const list = useRecipients(id, filter, notification.finishedAt ?? '');
  const frame = useRef<HTMLDivElement>(null);
  const rows = list.data?.pages.flatMap((page) => page.recipients) ?? [];
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = list;
  // A page may be short, or empty, and not be the last: few fit, and more is looked through until there are enough to see.
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError && last >= rows.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isError, last, rows.length, fetchNextPage]);

  if (list.isPending) return <Loading lines={6} />;
  if (isError) return <Trouble error={list.error} retry={list.refetch} />;
  if (rows.length === 0 && hasNextPage) return <Loading lines={3} label="Looking through all recipients" />;
  if (rows.length === 0) return <Nobody isFiltered={Object.keys(filter).length > 0} pending={counts.pending} />;
  return (
    <>
      <div ref={frame} className="recipients">
        <table className="table" aria-rowcount={counts.total - counts.pending + 1}>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" className="recipient-who">
                Recipient
              </th>
              <th scope="col" className="recipient-state">
                State
              </th>
              <th scope="col" className="only-wide">
                Reason
              </th>
              <th scope="col" className="end only-wide recipient-when">
                When
              </th>
            </tr>
          </thead>
          <tbody>
            <Gap height={items[0]?.start ?? 0} />
            {items.map(({ index }) => {
              const recipient = rows[index];
              if (recipient === undefined) return null;
              return <Row key={recipient.seq} recipient={recipient} rowIndex={index + 2} onChoose={onChoose} />;
            })}
            <Gap height={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} />
          </tbody>
        </table>
      </div>
      <p className="recipients-foot number" aria-live="polite">
        {hasNextPage
          ? `The first ${plural(rows.length, 'recipient')}; scroll for more.`
          : plural(rows.length, 'recipient')}
      </p>
    </>
  );
}

interface RowProps {
  readonly recipient: LedgerRecipient;
  readonly rowIndex: number;
  readonly onChoose: (recipient: LedgerRecipient) => void;
}

function Row({ recipient, rowIndex, onChoose }: RowProps) {
  return (
    <tr className="goes" aria-rowindex={rowIndex} style={{ height: ROW_PX }}>
      <td className="clip">
        <button type="button" className="whole clip" onClick={() => onChoose(recipient)}>
          {recipient.identity}
        </button>
      </td>
      <td>
        <StateWord state={recipient.state} />
      </td>
      <td className="recipient-reason quiet only-wide">
        {recipient.reason !== null && <span title={meaningOf(recipient.reason)}>{meaningOf(recipient.reason)}</span>}
      </td>
      <td className="end quiet only-wide">
        <Ago at={recipient.at} />
      </td>
    </tr>
  );
}

/** In place of the rows that are out of sight. */
function Gap({ height }: { readonly height: number }) {
  if (height <= 0) return null;
  return (
    <tr>
      <td className="gap" style={{ height }} />
    </tr>
  );
}

function Nobody({ isFiltered, pending }: { readonly isFiltered: boolean; readonly pending: number }) {
  if (isFiltered) return <Empty title="Nobody fits">Choose other states, or search for another beginning.</Empty>;
  return <Empty title="Nobody has come to an end yet">{plural(pending, 'recipient')} are still to be sent it.</Empty>;
}
