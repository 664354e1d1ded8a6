import { type ReactNode, useEffect } from 'react';
import { AppearanceSwitch } from '../../parts/appearance-switch.tsx';
import { Wordmark } from '../../parts/shell.tsx';
import './threshold.css';

interface ThresholdProps {
  readonly title: string;
  readonly lead: ReactNode;
  readonly children: ReactNode;
}

/** The frame of what is shown to whoever is not signed in. */
export function Threshold({ title, lead, children }: ThresholdProps) {
  useEffect(() => {
    document.title = `${title} · Beckon`;
  }, [title]);
  return (
    <div className="threshold">
      <header>
        <Wordmark />
        <AppearanceSwitch />
      </header>
      <main className="threshold-main">
        <h1>{title}</h1>
        <p className="threshold-lead">{lead}</p>
        {children}
      </main>
    </div>
  );
}
