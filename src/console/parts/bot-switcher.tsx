import { CaretSortIcon, CheckIcon, PlusIcon } from '@radix-ui/react-icons';
import { Popover, TextField } from '@radix-ui/themes';
import { useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useBotId } from '../data/bot.tsx';
import { useMay, useOperator } from '../data/session.tsx';
import './bot-switcher.css';

/** With so many bots one looks for a name rather than through a list. */
const SEARCH_FROM = 8;

/** Whose pages are shown. Keeps to the page one is on, as far as the other bot has it. */
export function BotSwitcher() {
  const { bots } = useOperator();
  const botId = useBotId();
  const isAdmin = useMay('admin');
  const [location] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const page = location.split('/')[3] ?? 'overview';
  const current = bots.find(({ id }) => id === botId);
  const found = bots.filter(({ name, id }) => `${name} ${id}`.toLowerCase().includes(search.trim().toLowerCase()));
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger>
        <button type="button" className="bot">
          <span
            className="bot-mark"
            aria-hidden="true"
            data-letter={(current?.name ?? '?').slice(0, 1).toUpperCase()}
          />
          <span className="clip bot-name">{current?.name ?? botId}</span>
          <span className="only-heard">: switch to another bot</span>
          <CaretSortIcon />
        </button>
      </Popover.Trigger>
      <Popover.Content size="1" width="280px" className="bot-menu" aria-label="Bots">
        {bots.length >= SEARCH_FROM && (
          <TextField.Root
            size="2"
            placeholder="Find a bot"
            aria-label="Find a bot"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' || event.key === 'ArrowDown') list.current?.querySelector('a')?.focus();
            }}
          />
        )}
        <ul ref={list}>
          {found.map(({ id, name }) => (
            <li key={id}>
              <Link
                href={`/bots/${id}/${page}`}
                className="bot-choice"
                aria-current={id === botId ? 'true' : undefined}
                onClick={() => setOpen(false)}
              >
                <span className="clip">{name}</span>
                {id === botId && <CheckIcon />}
              </Link>
            </li>
          ))}
          {found.length === 0 && <li className="bot-none">No bot is called that.</li>}
        </ul>
        {isAdmin && (
          <Link href="/welcome" className="bot-choice bot-new" onClick={() => setOpen(false)}>
            <PlusIcon /> New bot
          </Link>
        )}
      </Popover.Content>
    </Popover.Root>
  );
}
