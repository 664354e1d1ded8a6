import { Button, Skeleton } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { ClientError } from '../../client/client-error.ts';
import './states.css';

interface EmptyProps {
  readonly title: string;
  /** What to do so that there is something. */
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** There is nothing yet. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children !== undefined && <p className="state-text">{children}</p>}
      {action !== undefined && <div className="state-action">{action}</div>}
    </div>
  );
}

const WIDTHS = ['92%', '78%', '85%', '64%', '88%', '72%', '81%', '60%'];

/** As many grey lines as there will about be rows. */
export function Loading({ lines = 4, label = 'Loading' }: { readonly lines?: number; readonly label?: string }) {
  return (
    <div className="state-loading" role="status" aria-label={label}>
      {WIDTHS.slice(0, lines).map((width) => (
        <Skeleton key={width} height="14px" width={width} />
      ))}
    </div>
  );
}

/** What happened, what mends it, and where it is explained. */
export function Trouble({ error, retry }: { readonly error: unknown; readonly retry?: (() => unknown) | undefined }) {
  const { title, fix, docs } = explainError(error);
  return (
    <div className="state" role="alert">
      <p className="state-title">{title}</p>
      <p className="state-text">
        {fix}{' '}
        {docs !== null && (
          <a className="link" href={docs} target="_blank" rel="noreferrer">
            What it means
          </a>
        )}
      </p>
      {retry !== undefined && (
        <div className="state-action">
          <Button variant="soft" color="gray" onClick={() => retry()}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

export interface ErrorExplained {
  readonly title: string;
  readonly fix: string;
  readonly docs: string | null;
}

/** An error in an operator's words. The server's problem documents say most of it themselves. */
export function explainError(error: unknown): ErrorExplained {
  if (!(error instanceof ClientError))
    return {
      title: 'The console stumbled',
      fix: 'Reload the page; if it happens again, report what you did.',
      docs: null,
    };
  const { status, body } = error;
  if (status === null)
    return {
      title: 'The server does not answer',
      fix: 'Check that Beckon is running and that you are online. This page goes on by itself once it answers.',
      docs: null,
    };
  const text = (key: string) => (typeof body?.[key] === 'string' ? body[key] : null);
  return {
    title: text('title') ?? `The server refused the call (HTTP ${status})`,
    fix: text('detail') ?? FIXES[status] ?? 'Try again; if it happens again, look into the log of the server.',
    docs: text('docs'),
  };
}

/** The same as one line beside what it is about; null: nothing went wrong. */
export function refusalOf(error: unknown): string | null {
  if (error === null) return null;
  const { title, fix } = explainError(error);
  return `${title}. ${fix}`;
}

const FIXES: Readonly<Record<number, string>> = {
  401: 'Your session is over: sign in again.',
  403: 'Your role does not allow it: ask an administrator of this Beckon.',
  404: 'It may have been removed meanwhile, or the address has a typing error.',
  429: 'Wait a moment and try again.',
  503: 'The server is busy or restarting. Wait a moment and try again.',
};
