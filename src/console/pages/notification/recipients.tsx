import { DownloadIcon, MagnifyingGlassIcon } from '@radix-ui/react-icons';
import { Button, DropdownMenu, IconButton, TextField } from '@radix-ui/themes';
import { useDeferredValue, useState } from 'react';
import type { Notification } from '../../../client/notification-documents.ts';
import type { LedgerRecipient, RecipientFilter } from '../../../client/recipient-documents.ts';
import { FINAL_STATES, type FinalState } from '../../../model/notification.ts';
import { type ExportFormat, useExport } from '../../data/recipients.ts';
import { formatCount } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';
import { meaningOf } from '../../parts/reason.ts';
import { useToasts } from '../../parts/toasts.tsx';
import { RecipientDrawer } from './recipient-drawer.tsx';
import { RecipientTable } from './recipient-table.tsx';

interface RecipientsProps {
  readonly notification: Notification;
  readonly filter: RecipientFilter;
  readonly onFilter: (filter: RecipientFilter) => void;
}

/** What became of each; who is pending is only counted. */
export function Recipients({ notification, filter, onFilter }: RecipientsProps) {
  const { id, counts } = notification;
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<LedgerRecipient | null>(null);
  const prefix = useDeferredValue(search.trim());
  const asked: RecipientFilter = { ...filter, ...(prefix !== '' && { prefix }) };
  const [state] = filter.states ?? [];
  return (
    <Sheet title="Recipients" aside={<Export notificationId={id} filter={asked} />} padded={false}>
      <div className="recipients-filters">
        <TextField.Root
          placeholder="Begins with…"
          aria-label="Search by the beginning of the identity"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        >
          <TextField.Slot>
            <MagnifyingGlassIcon />
          </TextField.Slot>
        </TextField.Root>
        <select
          className="select"
          aria-label="State"
          value={state ?? ''}
          onChange={(event) =>
            onFilter(event.target.value === '' ? {} : { states: [event.target.value as FinalState] })
          }
        >
          <option value="">All states</option>
          {FINAL_STATES.map((name) => (
            <option key={name} value={name}>
              {name} ({formatCount(counts[name])})
            </option>
          ))}
        </select>
        {filter.reasons !== undefined && (
          <Button variant="soft" color="gray" onClick={() => onFilter({})}>
            {filter.reasons.map((reason) => meaningOf(reason)).join(', ')} ✕
          </Button>
        )}
      </div>
      <RecipientTable notification={notification} filter={asked} onChoose={setChosen} />
      <RecipientDrawer recipient={chosen} onClose={() => setChosen(null)} />
    </Sheet>
  );
}

function Export({ notificationId, filter }: { readonly notificationId: string; readonly filter: RecipientFilter }) {
  const exportAs = useExport(notificationId, filter);
  const toasts = useToasts();
  const [isRunning, setRunning] = useState(false);
  const run = (format: ExportFormat) => {
    setRunning(true);
    exportAs(format)
      .catch(toasts.failed)
      .finally(() => setRunning(false));
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger>
        <IconButton variant="ghost" color="gray" loading={isRunning} aria-label="Export" title="Export">
          <DownloadIcon />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Content align="end">
        <DropdownMenu.Item onSelect={() => run('csv')}>CSV of all that fit the filter</DropdownMenu.Item>
        <DropdownMenu.Item onSelect={() => run('ndjson')}>NDJSON of all that fit the filter</DropdownMenu.Item>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
