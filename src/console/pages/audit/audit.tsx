import { DownloadIcon } from '@radix-ui/react-icons';
import { Button, SegmentedControl } from '@radix-ui/themes';
import { useState } from 'react';
import type { AuditEntry } from '../../../client/admin.ts';
import { useAudit, useAuditExport } from '../../data/audit.ts';
import { useBotId } from '../../data/bot.tsx';
import { useNames } from '../../data/names.ts';
import { useOperator } from '../../data/session.tsx';
import { CopyId } from '../../parts/copy.tsx';
import { formatCount, formatMoment } from '../../parts/format.ts';
import { Page, Sheet } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import './audit.css';

export default function Audit() {
  const bot = useBotId();
  const [isOfBot, setOfBot] = useState(true);
  const botId = isOfBot ? bot : null;
  return (
    <Page
      title="Audit"
      description="Every change, and who asked for it. Each entry holds the hash of the one before, so none can be changed or left out unseen."
      actions={<Export botId={botId} />}
    >
      <SegmentedControl.Root
        className="audit-whose"
        value={isOfBot ? 'bot' : 'server'}
        onValueChange={(value) => setOfBot(value === 'bot')}
        aria-label="Whose changes"
      >
        <SegmentedControl.Item value="bot">This bot</SegmentedControl.Item>
        <SegmentedControl.Item value="server">The server</SegmentedControl.Item>
      </SegmentedControl.Root>
      <Sheet padded={false}>
        <List botId={botId} />
      </Sheet>
    </Page>
  );
}

function List({ botId }: { readonly botId: string | null }) {
  const list = useAudit(botId);
  const nameOf = useNames();
  if (list.isPending) return <Loading lines={6} />;
  if (list.isError) return <Trouble error={list.error} retry={list.refetch} />;
  const entries = list.data.pages.flatMap((page) => page.entries);
  const head = list.data.pages[0]?.head;
  if (entries.length === 0)
    return (
      <Empty title="Nothing has been changed yet">Sends are not listed: each notification is its own record.</Empty>
    );
  return (
    <>
      <div className="scroll-x">
        <table className="table">
          <thead>
            <tr>
              <th scope="col" className="only-wide">
                When
              </th>
              <th scope="col">What</th>
              <th scope="col">Who</th>
              <th scope="col" className="end only-wide">
                Entry
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <Row key={entry.seq} entry={entry} nameOf={nameOf} />
            ))}
          </tbody>
        </table>
      </div>
      <ShowMore list={list} label="Show older ones" />
      {head !== undefined && (
        <p className="sheet-foot audit-head">
          The chain has {formatCount(head.seq)} entries and ends in <CopyId id={head.hash} />
        </p>
      )}
    </>
  );
}

interface RowProps {
  readonly entry: AuditEntry;
  readonly nameOf: (id: string) => string | null;
}

function Row({ entry, nameOf }: RowProps) {
  const { at, action, target, subject, appId, ip, seq, hash } = entry;
  const operator = useOperator();
  const name = nameOf(subject) ?? nameOf(appId);
  // As precisely as it is known: what has a name is told by its id too, for names change.
  const ids = new Set([subject, appId]);
  return (
    <tr>
      <td className="number audit-when only-wide">{formatMoment(at)}</td>
      <td>
        <div className="audit-action">{wordsOf(action)}</div>
        <div className="quiet number audit-target only-phone">{formatMoment(at)}</div>
        {target !== null && (
          <div className="quiet audit-target">
            {nameOf(target) !== null && `${nameOf(target)}, `}
            <span className="mono">{target}</span>
          </div>
        )}
      </td>
      <td>
        <div className="clip audit-who">{subject === operator.id ? `${operator.name} (you)` : (name ?? subject)}</div>
        <div className="quiet audit-target">
          {[...ids].join(' of ')}
          {ip !== null && ` from ${ip}`}
        </div>
      </td>
      <td className="end number quiet only-wide" title={hash}>
        {formatCount(seq)}
      </td>
    </tr>
  );
}

/** `saveConnection` reads `Save connection`. */
function wordsOf(action: string): string {
  const words = action.replaceAll(/([A-Z])/g, ' $1').toLowerCase();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function Export({ botId }: { readonly botId: string | null }) {
  const exportAll = useAuditExport(botId);
  const toasts = useToasts();
  const [isRunning, setRunning] = useState(false);
  const run = () => {
    setRunning(true);
    exportAll()
      .catch(toasts.failed)
      .finally(() => setRunning(false));
  };
  return (
    <Button variant="soft" color="gray" loading={isRunning} onClick={run}>
      <DownloadIcon /> Export the chain
    </Button>
  );
}
