import {
  ActivityLogIcon,
  BarChartIcon,
  ExitIcon,
  FileTextIcon,
  HamburgerMenuIcon,
  LightningBoltIcon,
  LockClosedIcon,
  MixIcon,
  PaperPlaneIcon,
  PersonIcon,
  PlusIcon,
  ReaderIcon,
} from '@radix-ui/react-icons';
import { Button, Dialog, IconButton, VisuallyHidden } from '@radix-ui/themes';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useBotPath } from '../data/bot.tsx';
import { useLink, useMay, useOperator, useSessionOptions, useSignOut } from '../data/session.tsx';
import { AppearanceSwitch } from './appearance-switch.tsx';
import { BotSwitcher } from './bot-switcher.tsx';
import { useToasts } from './toasts.tsx';
import './shell.css';

/** Navigation beside the page; on a phone, behind a button above it. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const [location] = useLocation();
  const [shown, setShown] = useState(location);
  // The menu closes when it has led somewhere.
  if (shown !== location) {
    setShown(location);
    setOpen(false);
  }
  return (
    <div className="shell">
      <a className="shell-skip" href="#content">
        Skip to the page
      </a>
      <aside className="shell-side">
        <Navigation />
      </aside>
      <header className="shell-top">
        <Dialog.Root open={isOpen} onOpenChange={setOpen}>
          <Dialog.Trigger>
            <IconButton variant="ghost" color="gray" size="3" aria-label="Menu">
              <HamburgerMenuIcon width="18" height="18" />
            </IconButton>
          </Dialog.Trigger>
          <Dialog.Content className="shell-drawer" aria-describedby={undefined}>
            <VisuallyHidden>
              <Dialog.Title>Menu</Dialog.Title>
            </VisuallyHidden>
            <Navigation />
          </Dialog.Content>
        </Dialog.Root>
        <Wordmark />
      </header>
      <main id="content" className="shell-main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

export function Wordmark() {
  return (
    <span className="wordmark">
      <img src="/beckon.svg" alt="" width="22" height="22" />
      Beckon
    </span>
  );
}

function Navigation() {
  const to = useBotPath();
  const maySend = useMay('sender');
  const isAdmin = useMay('admin');
  return (
    <div className="nav">
      <div className="nav-head">
        <Wordmark />
      </div>
      <BotSwitcher />
      {maySend && (
        <Button asChild size="2" className="nav-send">
          <Link href={to('compose')}>
            <PlusIcon /> New notification
          </Link>
        </Button>
      )}
      <nav aria-label="Console" className="nav-links">
        <Item href={to('overview')} icon={<BarChartIcon />}>
          Overview
        </Item>
        <Item href={to('notifications')} icon={<PaperPlaneIcon />}>
          Notifications
        </Item>
        <Item href={to('people')} icon={<PersonIcon />}>
          People
        </Item>
        <Item href={to('templates')} icon={<ReaderIcon />}>
          Templates
        </Item>
        <Item href={to('connections')} icon={<LightningBoltIcon />}>
          Connections
        </Item>
        {isAdmin && (
          <>
            <p className="nav-group">Administration</p>
            <Item href={to('apps')} icon={<MixIcon />}>
              Apps
            </Item>
            <Item href={to('operators')} icon={<LockClosedIcon />}>
              Operators
            </Item>
            <Item href={to('audit')} icon={<ActivityLogIcon />}>
              Audit
            </Item>
          </>
        )}
      </nav>
      <Foot />
    </div>
  );
}

function Item({
  href,
  icon,
  children,
}: {
  readonly href: string;
  readonly icon: ReactNode;
  readonly children: ReactNode;
}) {
  const [location] = useLocation();
  const isHere = location === href || location.startsWith(`${href}/`);
  return (
    <Link href={href} className="nav-link" aria-current={isHere ? 'page' : undefined}>
      {icon}
      {children}
    </Link>
  );
}

function Foot() {
  const operator = useOperator();
  const signOut = useSignOut();
  const elsewhere = useSessionOptions().data?.oidc ?? [];
  const link = useLink();
  const toasts = useToasts();
  return (
    <div className="nav-foot">
      <a className="nav-link" href="/docs" target="_blank" rel="noreferrer">
        <FileTextIcon />
        Documentation
      </a>
      {elsewhere.map(({ id, name }) => (
        <Button
          key={id}
          size="1"
          variant="ghost"
          color="gray"
          className="nav-elsewhere"
          onClick={() => link.mutate(id, { onError: toasts.failed })}
        >
          Sign in with {name} too
        </Button>
      ))}
      <AppearanceSwitch />
      <div className="nav-who">
        <div className="clip">
          <div className="clip nav-name">{operator.name}</div>
          <div className="clip nav-mail">{operator.email}</div>
        </div>
        <IconButton
          variant="ghost"
          color="gray"
          aria-label="Sign out"
          title="Sign out"
          loading={signOut.isPending}
          onClick={() => signOut.mutate(undefined, { onError: toasts.failed })}
        >
          <ExitIcon />
        </IconButton>
      </div>
    </div>
  );
}
