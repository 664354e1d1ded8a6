import { type ReactNode, useEffect, useRef } from 'react';
import './page.css';

interface PageProps {
  readonly title: string;
  /** One sentence, only where the title does not say it all. */
  readonly description?: ReactNode;
  /** Where this page belongs: a link above its title. */
  readonly above?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** The frame of every page: what it is called, what can be done on it, what is on it. */
export function Page({ title, description, above, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Beckon`;
    // Whoever hears the page is told where the click has led, unless a field of it wants to be filled in at once.
    const isTaken = heading.current?.closest('.page')?.contains(document.activeElement) ?? false;
    if (!isTaken) heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <div className="page-words">
          {above !== undefined && <div className="page-above">{above}</div>}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {description !== undefined && <p className="page-description">{description}</p>}
        </div>
        {actions !== undefined && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface SheetProps {
  readonly title?: string;
  /** At the end of the head: a filter, a link. */
  readonly aside?: ReactNode;
  /** False: a table or a list that brings its own edges. */
  readonly padded?: boolean;
  readonly children: ReactNode;
}

/** A surface with a title. */
export function Sheet({ title, aside, padded = true, children }: SheetProps) {
  return (
    <section className="sheet" aria-label={title}>
      {title !== undefined && (
        <div className="sheet-head">
          <h2>{title}</h2>
          {aside !== undefined && <div>{aside}</div>}
        </div>
      )}
      {padded ? <div className="sheet-body">{children}</div> : children}
    </section>
  );
}
